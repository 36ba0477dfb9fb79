// The board by keyboard: one visit is in the tab order, arrows go on from it, Shift with arrows moves it.
"use strict";

(() => {
    const { board } = window;
    const STEPS = {
        ArrowUp: [-board.QUARTER, 0],
        ArrowDown: [board.QUARTER, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
    };

    // One stop for Tab: the visit that had the focus, or the first that is still to come
    let last = "";
    const links = () => [...document.querySelectorAll("#board-body .b-visit__link")];
    const stop = () => links().find((link) => link.tabIndex === 0);
    const rove = () => {
        const all = links();
        const now = document.querySelector(".b-now");
        const at = now ? now.offsetTop / board.rowPixels() : 0;
        const coming = all
            .filter((link) => Number(board.visitOf(link).dataset.at) >= at - board.QUARTER)
            .sort((one, two) => Number(board.visitOf(one).dataset.at) - Number(board.visitOf(two).dataset.at));
        const chosen = all.find((link) => link.id === last) || coming[0] || all[0];
        for (const link of all) {
            link.tabIndex = link === chosen ? 0 : -1;
        }
        for (const button of document.querySelectorAll("#board-body .b-quick button")) {
            button.tabIndex = -1; // a visit's card has it for the keyboard
        }
    };

    document.addEventListener("focusin", (event) => {
        const link = event.target.closest && event.target.closest(".b-visit__link");
        if (link && link.id !== last) {
            last = link.id;
            rove();
        }
    });
    document.addEventListener("DOMContentLoaded", () => board.body() && rove());
    document.addEventListener("htmx:afterSwap", () => {
        if (!board.body()) {
            return;
        }
        const isGone = last && !board.by(last) && document.activeElement === document.body;
        rove();
        if (isGone) {
            (stop() || board.scroller()).focus(); // where the visit was that is not there any more
        }
    });
    document.addEventListener("click", (event) => {
        if (event.target.closest("[data-skip-to-visits]")) {
            event.preventDefault();
            (stop() || board.scroller()).focus();
        }
    });

    const step = ([rows, beside]) => {
        const { held, QUARTER } = board;
        const all = board.columns();
        const index = Math.max(0, Math.min(all.indexOf(held.column) + beside, all.length - 1));
        const onGrid = rows > 0 ? Math.floor(held.row / QUARTER) : Math.ceil(held.row / QUARTER);
        held.column = all[index];
        held.row = board.within(rows ? onGrid * QUARTER + rows : held.row, held.rows);
        if (!held.visit) {
            board.free.show();
            return;
        }
        board.move.show();
        held.ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
        const until = board.labelOf(Math.ceil((held.row + held.rows) / QUARTER) * QUARTER);
        const when = `${board.labelOf(held.row)}${until ? ` until ${until}` : ""}`;
        board.say(`${held.who} to ${when}, ${held.column.dataset.name}`);
    };

    const neighbour = (visit, [rows, beside]) => {
        const all = board.columns();
        const column = visit.closest(".b-column");
        if (rows) {
            const visits = [...column.querySelectorAll(".b-visit")];
            return visits[visits.indexOf(visit) + Math.sign(rows)];
        }
        for (let at = all.indexOf(column) + beside; all[at]; at += beside) {
            const distance = (other) => Math.abs(Number(other.dataset.at) - Number(visit.dataset.at));
            const visits = [...all[at].querySelectorAll(".b-visit")].sort((one, two) => distance(one) - distance(two));
            if (visits.length) {
                return visits[0];
            }
        }
        return null;
    };

    const letGo = () => {
        const { visit, who, back } = board.held;
        board.move.letGo();
        board.say(visit ? `${who} stays` : "");
        if (back && back.focus) {
            back.focus();
        }
    };

    // A key while something is on its way. Returns whether it meant something.
    const onHeld = (key) => {
        if (key in STEPS) {
            step(STEPS[key]);
        } else if (key === "Enter" && board.held.visit) {
            board.say("Moving …");
            board.move.drop();
        } else if (key === "Enter") {
            board.free.book();
        } else if (key === "Escape") {
            letGo();
        } else {
            return false;
        }
        return true;
    };

    const onVisit = (visit, event) => {
        if (event.shiftKey) {
            if (!visit.hasAttribute("data-movable") || !board.body().dataset.move) {
                board.say(`${visit.dataset.who} cannot be moved any more`);
            } else {
                board.move.begin(visit);
                step(STEPS[event.key]);
            }
            return true;
        }
        const next = neighbour(visit, STEPS[event.key]);
        if (next) {
            next.querySelector(".b-visit__link").focus();
        }
        return Boolean(next);
    };

    const onPlain = (event) => {
        if (event.key === "n") {
            board.free.choose();
        } else if (event.key === "u") {
            [...document.querySelectorAll("#toasts [data-undo] button")].at(-1)?.click();
        } else {
            return false;
        }
        return true;
    };

    const meant = (event) => {
        if (board.held && board.pressed) {
            if (event.key !== "Escape") {
                return false;
            }
            board.pressed = null;
            board.move.letGo();
            return true;
        }
        if (board.held) {
            return onHeld(event.key);
        }
        if (event.ctrlKey || event.metaKey || event.altKey) {
            return false;
        }
        const link = event.target.closest(".b-visit__link");
        if (link && event.key in STEPS) {
            return onVisit(board.visitOf(link), event);
        }
        const isTyping = event.target.closest("input, textarea, select, [contenteditable], [role=dialog], dialog");
        return !event.shiftKey && !isTyping && onPlain(event);
    };

    document.addEventListener(
        "keydown",
        (event) => {
            if (board.body() && meant(event)) {
                event.preventDefault();
                event.stopPropagation();
            }
        },
        true,
    );

    document.addEventListener("focusout", (event) => {
        const { held } = board;
        if (held && held.visit && !board.pressed && board.visitOf(event.target) === held.visit) {
            board.move.letGo();
        }
    });
})();
