{
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    filter: true,
    // Read when the page's own plugins are there. Finds by path, summary and operation, not by tag alone.
    get plugins() { return [
        ...plugins,
        () => ({
            fn: {
                opsFilter: (tags, phrase) => {
                    const wanted = phrase.toLowerCase();
                    const says = (text) => String(text || "").toLowerCase().includes(wanted);
                    const found = (one) =>
                        says(one.get("path")) || says(one.getIn(["operation", "summary"])) || says(one.getIn(["operation", "operationId"]));
                    return tags
                        .map((tag, name) => (says(name) ? tag : tag.update("operations", (all) => all.filter(found))))
                        .filter((tag) => tag.get("operations").size);
                },
            },
        }),
    ]; },
}
