// A new caller. Every part of the page works without this file.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("caller-form");
    const born = document.getElementById("id_date_of_birth");
    const guardian = document.getElementById("caller-guardian");

    // Who speaks for them is asked of a minor; what was written stays in sight.
    const askGuardian = () => {
        const isMinor = born.value !== "" && born.value > born.dataset.ofAge;
        const isFilled = [...guardian.querySelectorAll("input")].some((input) => (input.type === "checkbox" ? input.checked : input.value) || input.closest(".errors"));
        guardian.hidden = !isMinor && !isFilled;
    };
    born.addEventListener("input", askGuardian);
    askGuardian();

    // Enter while looking for somebody looks; it does not book.
    document.getElementById("caller-who").addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.target.matches("input")) {
            event.preventDefault();
            window.htmx.trigger("#caller-who", "look");
        }
    });

    form.addEventListener("click", (event) => {
        const family = event.target.closest("a[data-family]");
        if (family) {
            event.preventDefault();
            for (const name of ["phone", "email", "language"]) {
                if (family.dataset[name]) {
                    form.elements[name].value = family.dataset[name];
                }
            }
            form.elements.first_name.focus();
            window.htmx.trigger("#caller-who", "look");
        }
        // What they call about goes along to the booking of somebody we know.
        const book = event.target.closest("a[data-book]");
        if (book && form.elements.reason.value) {
            const address = new URL(book.href);
            address.searchParams.set("note", form.elements.reason.value);
            book.href = address.href;
        }
    });

    // What is being corrected is not wrong any more.
    form.addEventListener("input", (event) => {
        const field = event.target.closest(".errors");
        if (field) {
            field.classList.remove("errors");
            field.querySelectorAll(".c-field__error").forEach((said) => said.remove());
        }
    });
});
