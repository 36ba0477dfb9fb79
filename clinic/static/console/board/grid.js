// The board's grid: rows of five minutes, and what the others share. Loaded before the other files of this folder.
// Without them a visit is a link to its page, and everything the board does is there too.
"use strict";

window.board = (() => {
    const QUARTER = 3; // rows
    const by = (id) => document.getElementById(id);
    const body = () => by("board-body");
    const columns = () => [...document.querySelectorAll("#board-body .b-column")];
    const rowPixels = () => columns()[0].getBoundingClientRect().height / Number(body().dataset.rows);
    const labelOf = (row) => body().dataset.labels.split(",")[Math.round(row / QUARTER)] || "";

    const timeOf = (column, row) => {
        const { top, minute } = body().dataset;
        if (top !== undefined) {
            return new Date((Number(top) + row * 300) * 1000).toISOString();
        }
        const minutes = Number(minute) + row * 5;
        const two = (number) => String(number).padStart(2, "0");
        return `${column.dataset.day}T${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
    };

    return {
        QUARTER,
        by,
        body,
        columns,
        rowPixels,
        labelOf,
        timeOf,
        scroller: () => by("board-scroll"),
        card: () => by("board-card"),
        visitOf: (element) => element && element.closest && element.closest(".b-visit"),
        within: (row, rows) => Math.max(0, Math.min(row, Number(body().dataset.rows) - Math.min(rows, QUARTER))),
        rowAt: (column, y, round) =>
            round((y - column.getBoundingClientRect().top) / rowPixels() / QUARTER) * QUARTER,
        isPast: (column, row) => {
            const time = timeOf(column, row);
            return time.endsWith("Z") && Date.parse(time) < Date.now();
        },
        put: (ghost, column, row, rows) => {
            for (const name of [...ghost.classList].filter((one) => /^b-(at|for)-/.test(one))) {
                ghost.classList.remove(name);
            }
            ghost.classList.add(`b-at-${row}`, `b-for-${rows}`);
            if (ghost.parentElement !== column) {
                column.append(ghost);
            }
        },
        say: (words) => {
            by("board-said").textContent = words;
        },
        held: null, // what is on its way: { visit, column, row, rows, ghost, ... }, by pointer or by keyboard
        pressed: null, // the visit under a pressed pointer, and where
        dragged: false, // the click that ends a drag is none
    };
})();
