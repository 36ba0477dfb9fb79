// What others change meanwhile, and where one was when a page is left and comes back.
"use strict";

(() => {
    const { board } = window;

    const isBusy = () => Boolean(board.held || board.pressed || board.isAsking() || document.hidden);

    document.addEventListener("htmx:beforeRequest", (event) => {
        if (event.detail.elt !== board.body()) {
            return;
        }
        const cause = event.detail.requestConfig.triggeringEvent;
        if (cause && cause.type === "row-changed") {
            board.closeCard();
        } else if (isBusy()) {
            event.preventDefault();
        }
    });

    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.target !== board.body() || event.detail.xhr.status !== 200) {
            return;
        }
        if (!event.detail.xhr.responseText.includes('id="board-body"')) {
            event.detail.shouldSwap = false; // signed out meanwhile: the page itself says so
            location.reload();
        } else if (board.held || board.pressed) {
            event.detail.shouldSwap = false; // the next look brings it
        }
    });

    const connected = (isThere) => (event) => {
        if (event.detail.elt === board.body() && board.by("board-offline")) {
            board.by("board-offline").hidden = isThere;
        }
    };

    document.addEventListener("htmx:sendError", connected(false));
    document.addEventListener("htmx:responseError", connected(false));
    document.addEventListener("htmx:afterOnLoad", connected(true));

    // Where one was

    const place = () => `board ${location.pathname}${location.search}`;

    document.addEventListener("DOMContentLoaded", () => {
        for (const button of document.querySelectorAll("[data-print]")) {
            button.hidden = false;
            button.addEventListener("click", () => window.print());
        }
        for (const input of document.querySelectorAll("select[data-go]")) {
            input.addEventListener("change", () => input.form.requestSubmit());
        }
        // A day that is picked shows at once; one that is typed does with Enter, or when the field is left.
        for (const input of document.querySelectorAll("[data-go-day]")) {
            const before = input.value;
            let typed = 0;
            const go = () => input.value && input.value !== before && input.form.requestSubmit();
            input.addEventListener("keydown", (event) => {
                typed = event.timeStamp;
            });
            input.addEventListener("change", (event) => event.timeStamp - typed > 1000 && go());
            input.addEventListener("blur", go);
        }
        const frame = board.scroller();
        if (!frame) {
            return;
        }
        const known = sessionStorage.getItem(place());
        const now = document.querySelector(".b-now");
        if (known) {
            const [x, y] = known.split(" ").map(Number);
            frame.scrollTo(x, y);
        } else if (now) {
            frame.scrollTop = now.offsetTop - frame.clientHeight / 3;
        }
        addEventListener("pagehide", () => {
            sessionStorage.setItem(place(), `${frame.scrollLeft} ${frame.scrollTop}`);
        });
    });
})();
