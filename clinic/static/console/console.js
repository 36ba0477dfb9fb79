// Small helps for the keyboard. Every page works without this file.
"use strict";

const TYPING = "input, textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) {
        return;
    }
    const field = document.getElementById("searchbar") || document.getElementById("c-find");
    if (field) {
        event.preventDefault();
        field.focus();
    }
});

// A button of the header has a key of its own.
document.addEventListener("keydown", (event) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && event.key.length === 1;
    if (!isPlain || event.target.closest(TYPING) || document.querySelector("#modal-content #dialog")?.checkVisibility()) {
        return;
    }
    const button = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
    if (button) {
        event.preventDefault();
        button.click();
    }
});

// A dialog takes the focus when it opens and gives it back when it closes.
let opener = null;

document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target && event.detail.target.id === "modal-content") {
        opener = event.detail.elt;
    }
});

document.addEventListener("htmx:afterSettle", (event) => {
    const dialog = event.target.closest("#modal-content") || document.querySelector("#modal-content:has(#dialog)");
    if (!dialog || !event.detail.target || !dialog.contains(event.detail.target)) {
        return;
    }
    const wrong = dialog.querySelector(".errors :is(input, select, textarea)");
    const first = dialog.querySelector("#dialog-form :is(input:not([type=hidden]), select, textarea)");
    (wrong || first || dialog.querySelector("button[type=submit]")).focus();
});

document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opener) {
        opener.focus();
        opener = null;
    }
});

// The page is hidden until some time after Alpine has started, and what is hidden takes no focus. What is wrong comes
// before what is first.
const FRAMES_TO_WAIT = 120;

const focusWhenShown = (control, frames) => {
    if (control.checkVisibility()) {
        control.focus();
    } else if (frames) {
        requestAnimationFrame(() => focusWhenShown(control, frames - 1));
    }
};

document.addEventListener("alpine:initialized", () => {
    const wrong = document.querySelector("form .errors :is(input:not([type=hidden]), select, textarea)");
    const first = wrong || document.querySelector("[autofocus]");
    if (first && (wrong || document.activeElement === document.body)) {
        focusWhenShown(first, FRAMES_TO_WAIT);
    }
});

// The value of a severity scale follows the scale: a choice where the scale has few values, else a text with a hint.
const followScale = (scale, keep) => {
    const all = document.getElementById("severity-scales");
    const old = document.getElementById("id_severity_value");
    if (!all || !old) {
        return;
    }
    const { values, hint } = JSON.parse(all.textContent)[scale.value] || { values: [], hint: "" };
    const fresh = document.createElement(values.length ? "select" : "input");
    for (const name of ["id", "name", "className"]) {
        fresh[name] = old[name];
    }
    if (values.length) {
        fresh.append(new Option("Choose", ""), ...values.map((text) => new Option(text, text)));
    } else {
        fresh.placeholder = hint;
    }
    fresh.value = keep ? old.value : "";
    old.replaceWith(fresh);
};

document.addEventListener("change", (event) => {
    if (event.target.id === "id_severity_scale") {
        followScale(event.target, false);
    }
});

document.addEventListener("DOMContentLoaded", () => {
    const scale = document.getElementById("id_severity_scale");
    if (scale) {
        followScale(scale, true);
    }
    for (const button of document.querySelectorAll("[data-all-unremarkable]")) {
        button.hidden = false;
    }
});

document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-all-unremarkable]");
    if (!button) {
        return;
    }
    const scope = button.closest("[data-screening]");
    for (const radio of scope.querySelectorAll("input[data-unremarkable]")) {
        const answered = scope.querySelector(`input[name="${CSS.escape(radio.name)}"]:checked`);
        if (!answered) {
            radio.checked = true;
        }
    }
});

// A number that is possible and unusual says so at its field, in the words of the warning that is kept with it.
const sayUnusual = (input) => {
    const { label, unit, usual, usualLow, usualHigh } = input.dataset;
    const value = input.valueAsNumber;
    const isUnusual =
        !Number.isNaN(value) &&
        !input.parentElement.querySelector(".c-field__error") &&
        !input.validity.rangeUnderflow &&
        !input.validity.rangeOverflow &&
        ((usualLow && value < Number(usualLow)) || (usualHigh && value > Number(usualHigh)));
    let said = input.parentElement.querySelector(".c-field__soft");
    if (!said) {
        said = document.createElement("p");
        said.className = "c-field__soft";
        said.setAttribute("role", "status");
        input.parentElement.append(said);
    }
    const measured = `${value.toLocaleString("en", { maximumFractionDigits: 9 })} ${unit}`.trim();
    said.textContent = isUnusual ? `${label}: ${measured} is unusual; usual is ${usual}.` : "";
};

document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-usual]")) {
        sayUnusual(event.target);
    }
});

document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("input[data-usual]").forEach(sayUnusual);
});

// A toast counts down while something can be undone, and goes by itself only when that is over. A refusal stays.
const READ_SECONDS = 8;

const closeToast = (toast) => {
    const held = toast.contains(document.activeElement);
    toast.remove();
    if (held) {
        const next = document.querySelector("#toasts .c-toast:last-child button, #board-scroll, main, #main");
        if (next) {
            next.focus();
        }
    }
};

// What it made possible stays there to be followed; only the way back is over.
const endToast = (toast) => {
    if (!toast.querySelector(".c-link")) {
        closeToast(toast);
        return;
    }
    for (const part of toast.querySelectorAll("[data-undo], [data-counts]")) {
        part.remove();
    }
};

const startToast = (toast) => {
    const { about, seconds } = toast.dataset;
    if (about) {
        for (const older of document.querySelectorAll(`#toasts .c-toast[data-about="${CSS.escape(about)}"]`)) {
            if (older !== toast) {
                older.remove();
            }
        }
    }
    if (seconds === undefined) {
        return;
    }
    const ends = Date.now() + (Number(seconds) || READ_SECONDS) * 1000;
    const count = toast.querySelector("[data-countdown]");
    const timer = setInterval(() => {
        const left = Math.ceil((ends - Date.now()) / 1000);
        if (count && left >= 0) {
            count.textContent = `${left} s`;
        }
        if (left <= 0 || !toast.isConnected) {
            clearInterval(timer);
            endToast(toast);
        }
    }, 1000);
};

document.addEventListener("DOMContentLoaded", () => {
    const toasts = document.getElementById("toasts");
    if (toasts) {
        new MutationObserver((changes) => {
            for (const toast of changes.flatMap((change) => [...change.addedNodes])) {
                if (toast.classList && toast.classList.contains("c-toast")) {
                    startToast(toast);
                }
            }
        }).observe(toasts, { childList: true });
        toasts.append(...toasts.children); // those that came with the page begin now, and are read out
    }
});

document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-close-toast]");
    if (button) {
        closeToast(button.closest(".c-toast"));
    }
});

document.addEventListener("keydown", (event) => {
    const last = document.querySelector("#toasts .c-toast:last-child");
    if (event.key === "Escape" && last && !document.querySelector(":popover-open")) {
        closeToast(last);
    }
});

// A page that stays where it is after a dialog closes it.
document.addEventListener("row-changed", () => {
    const dialog = document.getElementById("dialog");
    if (dialog && dialog.checkVisibility()) {
        dialog.querySelector(".c-dialog__close").click();
    }
});

document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) {
        document.getElementById("keys").showModal();
    }
});

document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-keys]")) {
        button.hidden = false;
    }
});

// `?` says what the keys of this page do, where it has keys of its own.
document.addEventListener("keydown", (event) => {
    const keys = document.getElementById("keys");
    if (event.key === "?" && keys && !keys.open && !event.target.closest(TYPING)) {
        event.preventDefault();
        keys.showModal();
    }
});

// Copies what a field holds; where the browser does not allow it, the text is selected for the keyboard.
document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-copy]")) {
        button.hidden = false;
    }
});

document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) {
        return;
    }
    const field = document.getElementById(button.dataset.copy);
    const said = button.querySelector("[data-copy-says]") || button;
    field.focus();
    field.select();
    try {
        await navigator.clipboard.writeText(field.value);
        said.textContent = "Copied";
    } catch {
        said.textContent = "Press Ctrl+C";
    }
});

// A click that sends a form shows on its button until the answer is here, and a second one sends nothing.
const sent = (button) => {
    button?.classList.add("is-busy");
    button?.setAttribute("aria-busy", "true");
};
const answered = () => {
    for (const button of document.querySelectorAll(".is-busy")) {
        button.classList.remove("is-busy");
        button.removeAttribute("aria-busy");
    }
    for (const form of document.querySelectorAll("form[data-sent]")) {
        delete form.dataset.sent;
    }
};

document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.target) {
        return;
    }
    if (form.dataset.sent) {
        event.preventDefault();
        return;
    }
    form.dataset.sent = "1";
    sent(event.submitter);
});
document.addEventListener("htmx:beforeRequest", (event) => sent(event.detail.requestConfig.triggeringEvent?.submitter));
document.addEventListener("htmx:afterRequest", answered);
window.addEventListener("pageshow", answered);
