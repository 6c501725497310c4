// What the flow's editor does beside editing: marks lines, offers words, keeps within the size of a flow.
window.munshiFlow = (() => {
  const waiting = new Map();
  let CM, view, markLines, shown, opened, left, resting, asked = 0, unsaved = false;

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

  // What is not saved outlives a page that the browser loads anew, as after a lost connection.
  const DRAFT = "munshi-flow-draft";

  function keepDraft() {
    const text = view.state.doc.toString();
    if (text === opened) { sessionStorage.removeItem(DRAFT); return; }
    try { sessionStorage.setItem(DRAFT, JSON.stringify({ file: shown, opened, text })); }
    catch (full) { /* the browser keeps no more: the page asks before it is left */ }
  }

  function draft() {
    try { return JSON.parse(sessionStorage.getItem(DRAFT)); } catch (none) { return null; }
  }

  function takeUpDraft() {
    const kept = draft(), now = view.state.doc.toString();
    if (!kept || kept.file !== shown || kept.text === now) return;
    left = kept.text;
    if (kept.opened === now) putDraft();
    emitEvent("flow_draft", { same: kept.opened === now });
  }

  function putDraft() {
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: left } });
  }

  async function start(id, label, largest, file) {
    view = await dress(id, label);
    shown = file;
    opened = getElement(id).value; // the person may have written already
    markLines = CM.StateEffect.define();
    const marks = CM.StateField.define({
      create: () => CM.Decoration.none,
      update(marked, change) {
        marked = marked.map(change.changes);
        for (const effect of change.effects) if (effect.is(markLines)) marked = effect.value;
        return marked;
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
    const drafts = CM.EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      clearTimeout(resting);
      resting = setTimeout(keepDraft, 300);
    });
    const words = CM.EditorState.languageData.of(() => [{ autocomplete: complete }]);
    view.dispatch({ effects: CM.StateEffect.appendConfig.of([marks, fits, words, drafts]) });
    if (view.state.doc.toString() === opened) takeUpDraft();
    else keepDraft();
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
  function tellUnsaved(now) {
    if (unsaved && !now) sessionStorage.removeItem(DRAFT);
    unsaved = now;
  }

  function show(file, text) {
    shown = file;
    opened = text;
  }

  return { start, dress, mark, go, offer, show, putDraft, unsaved: tellUnsaved };
})();
