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
let inputLooks;

const followScale = (scale, keep) => {
    const all = document.getElementById("severity-scales");
    const old = document.getElementById("id_severity_value");
    if (!all || !old) {
        return;
    }
    const { values, hint } = JSON.parse(all.textContent)[scale.value] || { values: [], hint: "" };
    const fresh = document.createElement(values.length ? "select" : "input");
    for (const name of ["id", "name"]) {
        fresh[name] = old[name];
    }
    inputLooks ??= old.className;
    // What stood there when the page came is no change of it.
    const kept = keep ? old.value : "";
    if (values.length) {
        const options = values.map((text) => new Option(text, text, text === kept, text === kept));
        fresh.append(new Option("Choose", ""), ...options);
        fresh.className = scale.className;
    } else {
        fresh.placeholder = hint;
        fresh.className = inputLooks;
        fresh.defaultValue = kept;
    }
    // A select stands in a box with its arrow, as the scale does.
    const place = old.closest("[data-value-box]") || old;
    if (values.length) {
        const box = scale.parentElement.cloneNode(true);
        box.dataset.valueBox = "";
        box.querySelector("select").replaceWith(fresh);
        place.replaceWith(box);
    } else {
        place.replaceWith(fresh);
    }
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

// Escape closes the innermost thing alone: a toast with the focus in it, and another one only where nothing else is
// open. Asked before anybody acts on the key, as what it closes may be gone by the time it comes here.
const INNER = ":popover-open, dialog[open], #dialog, #desk-side [data-row]";
let isElsewhere = false;

window.addEventListener(
    "keydown",
    (event) => {
        isElsewhere = [...document.querySelectorAll(INNER)].some((one) => one.checkVisibility());
    },
    true,
);

window.addEventListener("keydown", (event) => {
    const own = event.target.closest?.(".c-toast");
    const last = own || (!isElsewhere && document.querySelector("#toasts .c-toast:last-child"));
    if (event.key === "Escape" && last && !event.defaultPrevented) {
        closeToast(last);
    }
});

// What was sent and not done says so, whatever part of the page was to show the answer.
const NOT_SAVED = {
    403: "you may not do this, or this page is too old. Load it again.",
    404: "it is not there any more.",
    413: "it is too much at once.",
    429: "too many at once. Wait a minute.",
};

const sayNotSaved = (words, detail, link = "") => {
    const toast = document.createElement("div");
    toast.className = "c-toast c-toast--stop";
    toast.setAttribute("role", "alert");
    toast.dataset.about = "not-saved";
    toast.innerHTML = `
        <span class="material-symbols-outlined" aria-hidden="true">block</span>
        <div class="c-toast__said"><p class="c-toast__words"></p><p class="c-toast__detail"></p></div>
        <button type="button" class="c-icon-button" data-close-toast aria-label="Close this note"><span class="material-symbols-outlined" aria-hidden="true">close</span></button>`;
    toast.querySelector(".c-toast__words").textContent = words;
    toast.querySelector(".c-toast__detail").textContent = detail;
    if (link) {
        const anchor = document.createElement("a");
        anchor.className = "c-link";
        anchor.href = location.href;
        anchor.textContent = link;
        toast.querySelector(".c-toast__detail").append(" ", anchor);
    }
    document.getElementById("toasts")?.append(toast);
};

const changes = (event) => event.detail.requestConfig && event.detail.requestConfig.verb !== "get";

document.addEventListener("htmx:sendError", (event) => {
    if (changes(event)) {
        sayNotSaved("Not saved: no connection.", "Nothing was changed.");
    }
});

document.addEventListener("htmx:responseError", (event) => {
    if (changes(event)) {
        const why = NOT_SAVED[event.detail.xhr.status] || "something went wrong here.";
        sayNotSaved(`Not saved: ${why}`, "Nothing was changed.");
    }
});

// Who is signed out is led to the page of signing in, which is no answer to put anywhere.
document.addEventListener("htmx:beforeSwap", (event) => {
    const led = event.detail.xhr.responseURL;
    if (changes(event) && led && new URL(led).pathname === document.getElementById("toasts")?.dataset.signIn) {
        event.detail.shouldSwap = false;
        sayNotSaved("You are signed out: sign in again.", "Nothing was changed.", "Sign in");
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
const answered = (button) => {
    button?.classList.remove("is-busy");
    button?.removeAttribute("aria-busy");
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
const pressed = (event) => event.detail.requestConfig.triggeringEvent?.submitter;
document.addEventListener("htmx:beforeRequest", (event) => sent(pressed(event)));
document.addEventListener("htmx:afterRequest", (event) => answered(pressed(event)));
window.addEventListener("pageshow", () => {
    document.querySelectorAll(".is-busy").forEach(answered);
    for (const form of document.querySelectorAll("form[data-sent]")) {
        delete form.dataset.sent;
    }
});

// A form whose words would be lost asks before the page is left: with `data-keeps`, on it or on something hidden in it,
// once something in it was changed; with `data-keeps="draft"` at once, for it came back with what is not saved. Sending
// it is no loss.
const chosenAtFirst = (select) => {
    const chosen = [...select.options].filter((option) => option.defaultSelected);
    return chosen.length || select.multiple ? chosen : [...select.options].slice(0, 1);
};

const isChanged = (one) => {
    if (one.closest("[data-looks]")) {
        return false;
    }
    if (one.matches("select")) {
        const first = chosenAtFirst(one);
        return [...one.options].some((option) => option.selected !== first.includes(option));
    }
    if (one.matches("[type=radio], [type=checkbox]")) {
        return one.checked !== one.defaultChecked;
    }
    return one.matches("input:not([type=hidden]), textarea") && one.value !== one.defaultValue;
};

const unsavedForm = () => {
    for (const mark of document.querySelectorAll("[data-keeps]")) {
        const form = mark.closest("form");
        if (form && (mark.dataset.keeps === "draft" || [...form.elements].some(isChanged))) {
            return form;
        }
    }
    return null;
};

let isSending = false;

document.addEventListener("submit", (event) => {
    isSending = event.target.matches("form[data-keeps], form:has([data-keeps])") && !event.defaultPrevented;
});

document.addEventListener("input", () => {
    isSending = false;
});

window.addEventListener("pageshow", () => {
    isSending = false;
});

window.addEventListener("beforeunload", (event) => {
    if (!isSending && unsavedForm()) {
        event.preventDefault();
    }
});

// An act is done on the record as it was saved, so what is typed on the page is saved first. Asked before anybody acts on
// the click or the sending.
let askedBy = null;

const askToSave = (event, asker) => {
    const form = unsavedForm();
    const dialog = document.getElementById("save-first");
    if (!form || !dialog || form.contains(asker)) {
        return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    askedBy = asker;
    dialog.showModal();
    dialog.querySelector("[name=_save]").focus();
};

window.addEventListener(
    "click",
    (event) => {
        const act = event.target.closest?.("[data-act]");
        if (act) {
            askToSave(event, act);
        }
    },
    true,
);

window.addEventListener(
    "submit",
    (event) => {
        if (event.target.method === "post" && !event.target.closest("#toasts, #modal-content")) {
            askToSave(event, event.target);
        }
    },
    true,
);

document.addEventListener(
    "close",
    (event) => {
        if (event.target.id === "save-first") {
            askedBy?.focus();
        }
    },
    true,
);
