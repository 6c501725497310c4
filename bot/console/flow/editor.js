// What the flow's editor does beside editing: marks lines, offers words, keeps within the size of a flow.
window.munshiFlow = (() => {
  const waiting = new Map();
  let CM, view, markLines, asked = 0, unsaved = false;

  async function mounted(id) {
    for (;;) {
      const editor = getElement(id)?.editor;
      if (editor) return editor;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  async function dress(id, label) {
    CM = await import("nicegui-codemirror");
    const editor = await mounted(id);
    const dark = document.body.classList.contains("body--dark");
    getElement(id).setTheme(dark ? "githubDark" : "githubLight");
    editor.dispatch({ effects: CM.StateEffect.appendConfig.of(
      CM.EditorView.contentAttributes.of({ "aria-label": label })) });
    return editor;
  }

  async function start(id, label, largest) {
    view = await dress(id, label);
    markLines = CM.StateEffect.define();
    const marks = CM.StateField.define({
      create: () => CM.Decoration.none,
      update(shown, change) {
        shown = shown.map(change.changes);
        for (const effect of change.effects) if (effect.is(markLines)) shown = effect.value;
        return shown;
      },
      provide: (field) => CM.EditorView.decorations.from(field),
    });
    const fits = CM.EditorState.changeFilter.of((change) => {
      if (!change.docChanged || change.newDoc.length * 3 <= largest) return true;
      const size = new TextEncoder().encode(change.newDoc.toString()).length;
      if (size <= largest || change.newDoc.length < change.startState.doc.length) return true;
      emitEvent("flow_too_large", { size });
      return false;
    });
    const words = CM.EditorState.languageData.of(() => [{ autocomplete: complete }]);
    view.dispatch({ effects: CM.StateEffect.appendConfig.of([marks, fits, words]) });
  }

  function mark(found) {
    if (!view) return;
    const lines = found.filter((one) => one.line >= 1 && one.line <= view.state.doc.lines);
    lines.sort((one, other) => one.line - other.line);
    const made = lines.map((one) => CM.Decoration.line({
      class: `flow-line-${one.severity}`, attributes: { title: one.says },
    }).range(view.state.doc.line(one.line).from));
    view.dispatch({ effects: markLines.of(CM.Decoration.set(made)) });
  }

  function go(line, column) {
    if (!view) return;
    const there = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    const anchor = Math.min(there.from + Math.max(column - 1, 0), there.to);
    view.dispatch({ selection: { anchor }, effects: CM.EditorView.scrollIntoView(anchor, { y: "center" }) });
    view.focus();
  }

  function complete(context) {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (before.length > 1000 || (!context.explicit && !/[\w.]$/.test(before))) return null;
    const number = ++asked;
    emitEvent("flow_words", { number, line: line.number, before });
    return new Promise((resolve) => {
      waiting.set(number, { resolve, at: context.pos });
      setTimeout(() => { if (waiting.delete(number)) resolve(null); }, 10000);
    });
  }

  function offer(number, written, words) {
    const asking = waiting.get(number);
    if (!asking || !waiting.delete(number)) return;
    asking.resolve(words.length === 0 ? null : {
      from: asking.at - written.length,
      options: words.map((one) => ({
        label: one.word, info: one.says || undefined,
        type: one.is_key ? "property" : "constant", apply: one.is_key ? `${one.word}: ` : one.word,
      })),
      validFor: /^[\w.]*$/,
    });
  }

  window.addEventListener("beforeunload", (leaving) => { if (unsaved) leaving.preventDefault(); });
  return { start, dress, mark, go, offer, unsaved(now) { unsaved = now; } };
})();
