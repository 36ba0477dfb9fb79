// An empty place: shown under the pointer, or chosen with the arrows, and booked.
"use strict";

(() => {
    const { board } = window;
    let free = null;
    let isPutting = false;

    const hide = () => {
        if (free) {
            free.parentElement.classList.remove("is-free");
            free.remove();
            free = null;
        }
    };

    const bookUrl = (column, row) => {
        const query = new URLSearchParams({ at: board.timeOf(column, row) });
        for (const name of ["practitioner", "room"]) {
            if (column.dataset[name]) {
                query.set(name, column.dataset[name]);
            }
        }
        return `${board.body().dataset.book}&${query}`;
    };

    const rowUnder = (column, event) => board.within(board.rowAt(column, event.clientY, Math.floor), board.QUARTER);

    document.addEventListener("pointermove", (event) => {
        const column = event.target.closest && event.target.closest(".b-column");
        const isEmpty = column && (event.target === column || event.target.matches(".b-buffer, .b-ghost--free"));
        if (!isEmpty || board.held || event.pointerType === "touch" || !board.body().dataset.book) {
            hide();
            return;
        }
        const row = rowUnder(column, event);
        if (board.isPast(column, row)) {
            hide();
            return;
        }
        if (!free || free.parentElement !== column) {
            hide();
            free = document.createElement("div");
            free.className = "b-ghost b-ghost--free";
            column.classList.add("is-free");
        }
        free.textContent = `+ ${board.labelOf(row)}`;
        board.put(free, column, row, board.QUARTER);
    });

    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.target === board.body()) {
            free = null;
        }
    });

    document.addEventListener("click", (event) => {
        const column = event.target.closest(".b-column");
        if (board.dragged || !column || event.target !== column || !board.body().dataset.book) {
            return;
        }
        const row = rowUnder(column, event);
        if (!board.isPast(column, row)) {
            location.assign(bookUrl(column, row));
        }
    });

    const show = () => {
        const { held } = board;
        isPutting = true; // an element that changes its parent loses the focus for a moment
        held.ghost.textContent = `+ ${board.labelOf(held.row)}`;
        board.put(held.ghost, held.column, held.row, held.rows);
        held.ghost.setAttribute("aria-label", `Book ${board.labelOf(held.row)}, ${held.column.dataset.name}`);
        held.ghost.focus();
        held.ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
        isPutting = false;
    };

    const choose = () => {
        const column = board.columns()[0];
        if (!column || !board.body().dataset.book) {
            return;
        }
        const now = document.querySelector(".b-now");
        const { QUARTER } = board;
        const row = now ? Math.ceil(now.offsetTop / board.rowPixels() / QUARTER) * QUARTER : QUARTER * 2;
        const ghost = document.createElement("button");
        ghost.type = "button";
        ghost.className = "b-ghost b-ghost--free";
        const back = document.activeElement;
        board.held = { visit: null, column, row: board.within(row, QUARTER), rows: QUARTER, ghost, back };
        show();
        ghost.addEventListener("blur", () => {
            if (board.held && board.held.ghost === ghost && !isPutting) {
                board.move.letGo();
            }
        });
    };

    const book = () => location.assign(bookUrl(board.held.column, board.held.row));

    board.free = { show, choose, book };
})();
