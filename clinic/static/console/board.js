// The day board: dragging, its keyboard twin, empty places, one visit's card, and what others change meanwhile.
// Without this file a visit is a link to its page, and everything the board does is there too.
"use strict";

(() => {
    const QUARTER = 3; // rows of five minutes
    const FAR_ENOUGH = 5; // pixels after which a press is a drag
    const EDGE = 36; // pixels from the frame's edge in which it scrolls while something is dragged

    const by = (id) => document.getElementById(id);
    const body = () => by("board-body");
    const scroller = () => by("board-scroll");
    const columns = () => [...document.querySelectorAll("#board-body .b-column")];
    const visitOf = (element) => element && element.closest && element.closest(".b-visit");

    let held = null; // what is on its way: { visit, column, row, rows, ghost, ... }, by pointer or by keyboard

    // Rows and what they mean

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

    const isPast = (column, row) => {
        const time = timeOf(column, row);
        return time.endsWith("Z") && Date.parse(time) < Date.now();
    };

    const put = (ghost, column, row, rows) => {
        for (const name of [...ghost.classList].filter((one) => /^b-(at|for)-/.test(one))) {
            ghost.classList.remove(name);
        }
        ghost.classList.add(`b-at-${row}`, `b-for-${rows}`);
        if (ghost.parentElement !== column) {
            column.append(ghost);
        }
    };

    const say = (words) => {
        by("board-said").textContent = words;
    };

    const within = (row, rows) => Math.max(0, Math.min(row, Number(body().dataset.rows) - Math.min(rows, QUARTER)));

    // Moving a visit

    const begin = (visit) => {
        const { at, rows, who } = visit.dataset;
        const ghost = document.createElement("div");
        ghost.className = "b-ghost";
        held = { visit, who, column: visit.closest(".b-column"), row: Number(at), rows: Number(rows), ghost };
        held.from = { column: held.column, row: held.row };
        visit.classList.add("is-dragged");
        show();
    };

    const show = () => {
        const { ghost, column, row, rows } = held;
        ghost.textContent = `${labelOf(row)} ${column.dataset.name}`;
        put(ghost, column, row, rows);
    };

    const letGo = () => {
        if (!held) {
            return;
        }
        held.ghost.remove();
        if (held.visit) {
            held.visit.classList.remove("is-dragged");
        }
        document.body.classList.remove("is-dragging");
        held = null;
    };

    const drop = () => {
        const { visit, column, row, from } = held;
        if (column === from.column && row === from.row) {
            letGo();
            return;
        }
        document.body.classList.remove("is-dragging");
        visit.classList.remove("is-dragged");
        visit.classList.add("is-pending");
        const values = {
            starts_at: timeOf(column, row),
            revision: visit.dataset.revision,
            next: location.pathname + location.search,
            csrfmiddlewaretoken: document.querySelector("#board-token input").value,
        };
        for (const name of ["practitioner", "room"]) {
            if (column.dataset[name]) {
                values[name] = column.dataset[name];
            }
        }
        const { ghost } = held;
        held = null;
        const url = body().dataset.move.replace("VISIT", visit.dataset.visit);
        htmx.ajax("POST", url, { source: "#board-token", target: "#toasts", swap: "beforeend", values }).finally(() => {
            ghost.remove();
            visit.classList.remove("is-pending");
        });
    };

    document.addEventListener("visit-refused", (event) => {
        const visit = document.querySelector(`.b-visit[data-visit="${CSS.escape(event.detail.visit)}"]`);
        if (visit) {
            visit.classList.add("is-refused");
            setTimeout(() => visit.classList.remove("is-refused"), 2500);
        }
    });

    // By pointer

    let pressed = null;

    const columnAt = (x) => {
        const all = columns();
        return (
            all.find((column) => {
                const { left, right } = column.getBoundingClientRect();
                return x >= left && x < right;
            }) || (x < all[0].getBoundingClientRect().left ? all[0] : all.at(-1))
        );
    };

    const rowAt = (column, y, round) => {
        const quarters = (y - column.getBoundingClientRect().top) / rowPixels() / QUARTER;
        return round(quarters) * QUARTER;
    };

    document.addEventListener("pointerdown", (event) => {
        const visit = visitOf(event.target);
        if (!visit || event.button !== 0 || event.pointerType === "touch" || event.target.closest(".b-quick")) {
            return;
        }
        if (visit.hasAttribute("data-movable") && body().dataset.move && !held) {
            pressed = { visit, x: event.clientX, y: event.clientY };
            pressed.offset = event.clientY - visit.getBoundingClientRect().top;
        }
    });

    document.addEventListener("pointermove", (event) => {
        if (pressed && !held) {
            const far = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y);
            if (far >= FAR_ENOUGH) {
                hideFree();
                begin(pressed.visit);
                document.body.classList.add("is-dragging");
            }
        }
        if (pressed && held) {
            const frame = scroller().getBoundingClientRect();
            if (event.clientY > frame.bottom - EDGE) {
                scroller().scrollBy(0, 12);
            } else if (event.clientY < frame.top + EDGE * 2) {
                scroller().scrollBy(0, -12);
            }
            if (event.clientX > frame.right - EDGE) {
                scroller().scrollBy(12, 0);
            }
            held.column = columnAt(event.clientX);
            held.row = within(rowAt(held.column, event.clientY - pressed.offset, Math.round), held.rows);
            show();
            return;
        }
        showFree(event);
    });

    let dragged = false;

    document.addEventListener("pointerup", () => {
        if (pressed && held) {
            dragged = true;
            setTimeout(() => {
                dragged = false;
            });
            drop();
        }
        pressed = null;
    });

    document.addEventListener("pointercancel", () => {
        pressed = null;
        letGo();
    });

    document.addEventListener("dragstart", (event) => {
        if (visitOf(event.target)) {
            event.preventDefault();
        }
    });

    // An empty place

    let free = null;

    const hideFree = () => {
        if (free) {
            free.parentElement.classList.remove("is-free");
            free.remove();
            free = null;
        }
    };

    const bookUrl = (column, row) => {
        const query = new URLSearchParams({ at: timeOf(column, row) });
        for (const name of ["practitioner", "room"]) {
            if (column.dataset[name]) {
                query.set(name, column.dataset[name]);
            }
        }
        return `${body().dataset.book}&${query}`;
    };

    const showFree = (event) => {
        const column = event.target.closest && event.target.closest(".b-column");
        const isEmpty = column && (event.target === column || event.target.matches(".b-buffer, .b-ghost--free"));
        if (!isEmpty || held || event.pointerType === "touch" || !body().dataset.book) {
            hideFree();
            return;
        }
        const row = within(rowAt(column, event.clientY, Math.floor), QUARTER);
        if (isPast(column, row)) {
            hideFree();
            return;
        }
        if (!free || free.parentElement !== column) {
            hideFree();
            free = document.createElement("div");
            free.className = "b-ghost b-ghost--free";
            column.classList.add("is-free");
        }
        free.textContent = `+ ${labelOf(row)}`;
        put(free, column, row, QUARTER);
    };

    document.addEventListener("click", (event) => {
        const column = event.target.closest(".b-column");
        if (dragged || !column || event.target !== column || !body().dataset.book) {
            return;
        }
        const row = within(rowAt(column, event.clientY, Math.floor), QUARTER);
        if (!isPast(column, row)) {
            location.assign(bookUrl(column, row));
        }
    });

    const chooseFree = () => {
        const { dataset } = body();
        const column = columns()[0];
        if (!column || !dataset.book) {
            return;
        }
        const now = document.querySelector(".b-now");
        const ghost = document.createElement("button");
        ghost.type = "button";
        ghost.className = "b-ghost b-ghost--free";
        let row = QUARTER * 2;
        if (now) {
            row = Math.ceil(now.offsetTop / rowPixels() / QUARTER) * QUARTER;
        }
        held = { visit: null, column, row: within(row, QUARTER), rows: QUARTER, ghost, back: document.activeElement };
        showPlace();
        ghost.focus();
        ghost.addEventListener("blur", () => {
            if (held && held.ghost === ghost && !moving) {
                letGo();
            }
        });
    };

    let moving = false;

    const showPlace = () => {
        moving = true; // an element that changes its parent loses the focus for a moment
        held.ghost.textContent = `+ ${labelOf(held.row)}`;
        put(held.ghost, held.column, held.row, held.rows);
        held.ghost.setAttribute("aria-label", `Book ${labelOf(held.row)}, ${held.column.dataset.name}`);
        held.ghost.focus();
        held.ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
        moving = false;
    };

    // By keyboard

    const STEPS = { ArrowUp: [-QUARTER, 0], ArrowDown: [QUARTER, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

    const step = ([rows, beside]) => {
        const all = columns();
        const index = Math.max(0, Math.min(all.indexOf(held.column) + beside, all.length - 1));
        const onGrid = rows > 0 ? Math.floor(held.row / QUARTER) : Math.ceil(held.row / QUARTER);
        held.column = all[index];
        held.row = within(rows ? onGrid * QUARTER + rows : held.row, held.rows);
        if (held.visit) {
            show();
            held.ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
            const until = labelOf(Math.ceil((held.row + held.rows) / QUARTER) * QUARTER);
            say(`${held.who} to ${labelOf(held.row)}${until ? ` until ${until}` : ""}, ${held.column.dataset.name}`);
        } else {
            showPlace();
        }
    };

    const neighbour = (visit, [rows, beside]) => {
        const all = columns();
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

    const onKey = (event) => {
        if (!body()) {
            return;
        }
        const stop = () => {
            event.preventDefault();
            event.stopPropagation();
        };
        if (held && !pressed) {
            if (event.key in STEPS) {
                stop();
                step(STEPS[event.key]);
            } else if (event.key === "Enter") {
                stop();
                if (held.visit) {
                    say("Moving …");
                    drop();
                } else {
                    location.assign(bookUrl(held.column, held.row));
                }
            } else if (event.key === "Escape") {
                stop();
                const { visit, who, back } = held;
                letGo();
                say(visit ? `${who} stays` : "");
                if (back && back.focus) {
                    back.focus();
                }
            }
            return;
        }
        if (held && event.key === "Escape") {
            stop();
            pressed = null;
            letGo();
            return;
        }
        const link = event.target.closest(".b-visit__link");
        if (link && event.key in STEPS && !event.ctrlKey && !event.metaKey && !event.altKey) {
            const visit = visitOf(link);
            if (event.shiftKey) {
                stop();
                if (!visit.hasAttribute("data-movable") || !body().dataset.move) {
                    say(`${visit.dataset.who} cannot be moved any more`);
                    return;
                }
                begin(visit);
                step(STEPS[event.key]);
                return;
            }
            const next = neighbour(visit, STEPS[event.key]);
            if (next) {
                stop();
                next.querySelector(".b-visit__link").focus();
            }
            return;
        }
        const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
        const isTyping = event.target.closest("input, textarea, select, [contenteditable], [role=dialog]");
        if (event.key === "n" && isPlain && !isTyping) {
            stop();
            chooseFree();
        }
    };

    document.addEventListener("keydown", onKey, true);

    document.addEventListener("focusout", (event) => {
        if (held && held.visit && !pressed && visitOf(event.target) === held.visit) {
            letGo();
        }
    });

    // One visit's card

    const card = () => by("board-card");

    const openCard = async (link) => {
        await htmx.ajax("GET", link.dataset.card, { source: link, target: "#board-card", swap: "innerHTML" });
        if (!card().firstElementChild) {
            return;
        }
        card().dataset.visit = link.id;
        card().showPopover();
        const around = visitOf(link).getBoundingClientRect();
        const own = card().getBoundingClientRect();
        const room = document.documentElement.clientWidth;
        const beside = around.right + 8 + own.width <= room ? around.right + 8 : around.left - own.width - 8;
        card().style.left = `${Math.max(8, Math.min(beside, room - own.width - 8))}px`;
        card().style.top = `${Math.max(8, Math.min(around.top, innerHeight - own.height - 8))}px`;
        const first = card().querySelector(".c-acts :is(button, a)") || card().querySelector("a, button");
        first.focus();
    };

    const closeCard = () => {
        if (card() && card().matches(":popover-open")) {
            card().hidePopover();
        }
    };

    document.addEventListener("click", (event) => {
        const link = event.target.closest(".b-visit__link");
        if (!link || !card() || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) {
            return;
        }
        event.preventDefault();
        if (!dragged) {
            openCard(link);
        }
    });

    // A dialog that a card opens stands above it; when it closes, the visit has the focus again.
    document.addEventListener("htmx:afterOnLoad", (event) => {
        if (card() && card().contains(event.detail.elt) && event.detail.target.id === "modal-content") {
            closeCard();
        }
    });

    document.addEventListener("keydown", (event) => {
        const link = card() && card().dataset.visit && by(card().dataset.visit);
        const dialog = by("dialog");
        if (event.key === "Escape" && link && dialog && dialog.checkVisibility()) {
            setTimeout(() => link.focus());
        }
    });

    // What others change meanwhile

    const isBusy = () => {
        const dialog = by("dialog");
        const isOpen = (dialog && dialog.checkVisibility()) || (card() && card().matches(":popover-open"));
        return Boolean(held || pressed || isOpen || document.hidden);
    };

    document.addEventListener("htmx:beforeRequest", (event) => {
        if (event.detail.elt !== body()) {
            return;
        }
        const cause = event.detail.requestConfig.triggeringEvent;
        if (cause && cause.type === "visits-changed") {
            closeCard();
        } else if (isBusy()) {
            event.preventDefault();
        }
    });

    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.target !== body() || event.detail.xhr.status !== 200) {
            return;
        }
        if (!event.detail.xhr.responseText.includes('id="board-body"')) {
            event.detail.shouldSwap = false; // signed out meanwhile: the page itself says so
            location.reload();
        } else if (held || pressed) {
            event.detail.shouldSwap = false; // the next look brings it
        }
        free = null;
    });

    const connected = (isThere) => (event) => {
        if (event.detail.elt === body() && by("board-offline")) {
            by("board-offline").hidden = isThere;
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
        const frame = scroller();
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
