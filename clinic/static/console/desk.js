// The worklist: rows by keyboard, the panel beside them, notes for the others, toasts.
"use strict";

(() => {
    const $ = (selector, root = document) => root.querySelector(selector);
    const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
    const rows = () => $$("#desk-list .d-row__open");
    const side = () => document.getElementById("desk-side");
    const isNarrow = () => window.matchMedia("(max-width: 900px)").matches;
    const openRow = () => $("#desk-side [data-row]")?.dataset.row;

    // The place in the list of what is open or has the focus: whoever takes it has the focus next.
    let place = 0;
    const remember = () => {
        const focused = rows().indexOf(document.activeElement);
        const open = rows().findIndex((row) => row.id === `row-${openRow()}`);
        place = open >= 0 ? open : focused >= 0 ? focused : place;
    };
    const focusAt = (index) => {
        const all = rows();
        const row = all[Math.min(Math.max(index, 0), all.length - 1)];
        row?.focus();
        row?.scrollIntoView({ block: "nearest" });
    };

    // On a phone the panel stands below its row, elsewhere beside the list.
    const put = () => {
        const panel = side();
        if (!panel) {
            return;
        }
        const held = panel.contains(document.activeElement) ? document.activeElement : null;
        const row = isNarrow() && openRow() && document.getElementById(`row-${openRow()}`)?.closest("li");
        const home = row || document.getElementById("desk");
        if (panel.parentElement !== home) {
            home.append(panel);
            held?.focus();
        }
    };
    const takeOut = () => {
        const panel = side();
        if (panel && $("#desk-list")?.contains(panel)) {
            const held = panel.contains(document.activeElement) ? document.activeElement : null;
            document.getElementById("desk").append(panel);
            held?.focus();
        }
    };
    const mark = () => {
        for (const row of $$("#desk-list [data-row]")) {
            if (row.closest("#desk-side")) {
                continue;
            }
            const isOpen = row.dataset.row === openRow();
            row.classList.toggle("is-open", isOpen);
            const link = $(".d-row__open", row);
            if (isOpen) {
                link.setAttribute("aria-current", "true");
            } else {
                link.removeAttribute("aria-current");
            }
        }
    };

    const release = () => {
        const left = document.getElementById("desk-left");
        const desk = document.getElementById("desk");
        if (!left?.value || !desk) {
            return;
        }
        const said = new FormData(document.getElementById("desk-token"));
        said.append("left", left.value);
        navigator.sendBeacon(desk.dataset.release, said);
    };
    const close = () => {
        if (!openRow()) {
            return;
        }
        remember();
        const row = document.getElementById(`row-${openRow()}`);
        release();
        takeOut();
        side().replaceChildren(document.getElementById("desk-nothing").content.cloneNode(true));
        mark();
        if (row) {
            row.focus();
        } else {
            focusAt(place);
        }
    };

    document.addEventListener("DOMContentLoaded", () => {
        if (!document.getElementById("desk")) {
            return;
        }
        put();
        if (openRow()) {
            ($("#desk-side [data-best]") || document.getElementById("desk-title"))?.focus();
        }
    });
    window.addEventListener("pagehide", release);
    window.addEventListener("resize", put);

    document.addEventListener("htmx:beforeSwap", () => {
        if (document.getElementById("desk")) {
            remember();
        }
    });
    document.addEventListener("htmx:oobBeforeSwap", (event) => {
        if (event.detail.target?.id === "desk-list") {
            takeOut();
        }
    });

    document.addEventListener("htmx:afterSettle", (event) => {
        const desk = document.getElementById("desk");
        if (!desk) {
            return;
        }
        mark();
        put();
        const target = event.detail.target;
        if (target?.id === "desk-side" && openRow() && !event.detail.requestConfig?.path.includes("/call/")) {
            ($("#desk-side [data-best]") || document.getElementById("desk-title"))?.focus({ preventScroll: !isNarrow() });
            if (isNarrow()) {
                document.getElementById(`row-${openRow()}`)?.closest("li").scrollIntoView({ block: "start" });
            }
        }
        const total = document.getElementById("desk-tabs")?.dataset.total;
        const number = $(".c-nav__jobs a[aria-current] .c-count");
        if (number && total !== undefined) {
            number.firstChild.textContent = total;
            number.hidden = total === "0";
        }
    });

    // What was seen to has left the list: on with the next row, or with the one that an undo brought back.
    document.addEventListener("desk:done", (event) => {
        const row = event.detail.row && document.getElementById(`row-${event.detail.row}`);
        if (row) {
            row.focus();
        } else {
            focusAt(place);
        }
    });

    document.addEventListener("click", (event) => {
        if (event.target.closest("[data-desk-close]")) {
            event.preventDefault();
            close();
        }
    });

    const step = (event, from, all, by) => {
        event.preventDefault();
        all[Math.min(Math.max(from + by, 0), all.length - 1)]?.focus();
    };

    document.addEventListener("keydown", (event) => {
        const desk = document.getElementById("desk");
        const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
        if (!desk || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]") || $("#dialog")?.checkVisibility()) {
            return;
        }
        if (event.key === "Escape") {
            if (!event.target.closest(".c-toast") && !$(":popover-open")) {
                close();
            }
            return;
        }
        if (isTyping) {
            return;
        }
        const all = rows();
        const at = all.indexOf(document.activeElement);
        const slots = $$("#desk-side .c-slot").filter((slot) => slot.checkVisibility());
        const slot = slots.indexOf(document.activeElement);
        if (event.key === "j" || (event.key === "ArrowDown" && slot < 0 && !event.target.closest("#desk-side"))) {
            remember();
            step(event, at >= 0 ? at : place - (openRow() ? 0 : 1), all, 1);
        } else if (event.key === "k" || (event.key === "ArrowUp" && slot < 0 && !event.target.closest("#desk-side"))) {
            remember();
            step(event, at >= 0 ? at : place, all, -1);
        } else if (event.key === "ArrowRight" && slots.length) {
            step(event, slot, slots, 1);
        } else if (event.key === "ArrowLeft" && slot >= 0) {
            step(event, slot, slots, -1);
        } else if (event.key === "c") {
            $("#desk-side .d-call")?.focus();
        } else if (event.key === "u") {
            $$("#toasts [data-undo] button").at(-1)?.click();
        }
    });
})();
