// Moving a visit by pointer; `move` does the same for the keyboard (keys.js).
"use strict";

(() => {
    const { board } = window;
    const FAR_ENOUGH = 5; // pixels after which a press is a drag
    const EDGE = 36; // pixels from the frame's edge in which it scrolls while something is dragged

    const show = () => {
        const { ghost, column, row, rows } = board.held;
        ghost.firstChild.textContent = `${board.labelOf(row)} ${column.dataset.name}`;
        board.put(ghost, column, row, rows);
    };

    const begin = (visit) => {
        const { at, rows, who } = visit.dataset;
        const ghost = document.createElement("div");
        ghost.className = "b-ghost";
        ghost.append(document.createElement("span"));
        const column = visit.closest(".b-column");
        board.held = { visit, who, column, row: Number(at), rows: Number(rows), ghost };
        board.held.from = { column, row: board.held.row };
        visit.classList.add("is-dragged");
        show();
    };

    const letGo = () => {
        if (!board.held) {
            return;
        }
        board.held.ghost.remove();
        if (board.held.visit) {
            board.held.visit.classList.remove("is-dragged");
        }
        document.body.classList.remove("is-dragging");
        board.held = null;
    };

    const drop = () => {
        const { visit, column, row, from, ghost } = board.held;
        if (column === from.column && row === from.row) {
            letGo();
            return;
        }
        document.body.classList.remove("is-dragging");
        visit.classList.remove("is-dragged");
        visit.classList.add("is-pending");
        ghost.classList.add("is-saving");
        ghost.firstChild.textContent = `Saving ${ghost.firstChild.textContent} …`;
        const values = {
            starts_at: board.timeOf(column, row),
            revision: visit.dataset.revision,
            next: location.pathname + location.search,
            csrfmiddlewaretoken: document.querySelector("#board-token input").value,
        };
        for (const name of ["practitioner", "room"]) {
            if (column.dataset[name]) {
                values[name] = column.dataset[name];
            }
        }
        board.held = null;
        const url = board.body().dataset.move.replace("VISIT", visit.dataset.visit);
        const done = () => {
            ghost.remove();
            visit.classList.remove("is-pending");
        };
        const asked = { source: "#board-token", target: "#toasts", swap: "beforeend", values };
        htmx.ajax("POST", url, asked).then(done, done); // what failed is said by console.js
    };

    board.move = { begin, show, letGo, drop };

    document.addEventListener("row-refused", (event) => {
        const visit = document.querySelector(`.b-visit[data-visit="${CSS.escape(event.detail.row)}"]`);
        if (visit) {
            visit.classList.add("is-refused");
            setTimeout(() => visit.classList.remove("is-refused"), 2500);
        }
    });

    const columnAt = (x) => {
        const all = board.columns();
        return (
            all.find((column) => {
                const { left, right } = column.getBoundingClientRect();
                return x >= left && x < right;
            }) || (x < all[0].getBoundingClientRect().left ? all[0] : all.at(-1))
        );
    };

    document.addEventListener("pointerdown", (event) => {
        const visit = board.visitOf(event.target);
        if (!visit || event.button !== 0 || event.pointerType === "touch" || event.target.closest(".b-quick")) {
            return;
        }
        if (visit.hasAttribute("data-movable") && board.body().dataset.move && !board.held) {
            const offset = event.clientY - visit.getBoundingClientRect().top;
            board.pressed = { visit, offset, x: event.clientX, y: event.clientY };
        }
    });

    const scrollNear = ({ clientX, clientY }) => {
        const frame = board.scroller().getBoundingClientRect();
        if (clientY > frame.bottom - EDGE) {
            board.scroller().scrollBy(0, 12);
        } else if (clientY < frame.top + EDGE * 2) {
            board.scroller().scrollBy(0, -12);
        }
        if (clientX > frame.right - EDGE) {
            board.scroller().scrollBy(12, 0);
        }
    };

    document.addEventListener("pointermove", (event) => {
        const { pressed } = board;
        if (!pressed) {
            return;
        }
        if (!board.held && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) >= FAR_ENOUGH) {
            begin(pressed.visit);
            document.body.classList.add("is-dragging");
        }
        if (board.held) {
            const { held } = board;
            scrollNear(event);
            held.column = columnAt(event.clientX);
            held.row = board.within(board.rowAt(held.column, event.clientY - pressed.offset, Math.round), held.rows);
            show();
        }
    });

    document.addEventListener("pointerup", () => {
        if (board.pressed && board.held) {
            board.dragged = true;
            setTimeout(() => {
                board.dragged = false;
            });
            drop();
        }
        board.pressed = null;
    });

    document.addEventListener("pointercancel", () => {
        board.pressed = null;
        letGo();
    });

    document.addEventListener("dragstart", (event) => {
        if (board.visitOf(event.target)) {
            event.preventDefault();
        }
    });
})();
