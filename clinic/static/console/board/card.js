// One visit's card, and the dialogs that it opens.
"use strict";

(() => {
    const { board } = window;
    const { card } = board;

    const open = async (link) => {
        await htmx.ajax("GET", link.dataset.card, { source: link, target: "#board-card", swap: "innerHTML" });
        if (!card().firstElementChild) {
            return;
        }
        card().dataset.visit = link.id;
        card().showPopover();
        const around = board.visitOf(link).getBoundingClientRect();
        const own = card().getBoundingClientRect();
        const room = document.documentElement.clientWidth;
        const beside = around.right + 8 + own.width <= room ? around.right + 8 : around.left - own.width - 8;
        card().style.left = `${Math.max(8, Math.min(beside, room - own.width - 8))}px`;
        card().style.top = `${Math.max(8, Math.min(around.top, innerHeight - own.height - 8))}px`;
        (card().querySelector(".c-acts :is(button, a)") || card().querySelector("a, button")).focus();
    };

    board.closeCard = () => {
        if (card() && card().matches(":popover-open")) {
            card().hidePopover();
        }
    };

    const isDialogOpen = () => {
        const dialog = board.by("dialog");
        return Boolean(dialog && dialog.checkVisibility());
    };

    board.isAsking = () => isDialogOpen() || Boolean(card() && card().matches(":popover-open"));

    const visit = () => card() && card().dataset.visit && board.by(card().dataset.visit);

    document.addEventListener("click", (event) => {
        const link = event.target.closest(".b-visit__link");
        if (!link || !card() || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) {
            return;
        }
        event.preventDefault();
        if (!board.dragged) {
            open(link);
        }
    });

    // A dialog that a card opens stands above it; when it closes, the visit has the focus again.
    document.addEventListener("htmx:afterOnLoad", (event) => {
        if (card() && card().contains(event.detail.elt) && event.detail.target.id === "modal-content") {
            board.closeCard();
        }
    });

    document.addEventListener("keydown", (event) => {
        const link = visit();
        if (event.key === "Escape" && link && isDialogOpen()) {
            setTimeout(() => link.focus());
        }
    });

    document.addEventListener("row-changed", (event) => {
        const quick = event.target.closest(".b-quick");
        if (quick) {
            quick.remove(); // done; what comes next is in the board that is on its way
        }
        if (card() && (card().contains(event.target) || event.target.closest("#modal-content"))) {
            (visit() || board.scroller()).focus();
        }
    });
})();
