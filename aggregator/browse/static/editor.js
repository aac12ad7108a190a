// Datasette's SQL editor, from a file: no inline script is allowed here.
/* global CodeMirror, cmResize, sqlFormatter */
addEventListener("load", () => {
  const area = document.querySelector("textarea#sql-editor");
  const fixed = document.querySelector("pre#sql-query");
  const button = document.querySelector("button#sql-format");
  let editor = null;
  if (area) {
    editor = CodeMirror.fromTextArea(area, { lineNumbers: true, mode: "text/x-sql", lineWrapping: true });
    editor.setOption("extraKeys", { "Shift-Enter": () => area.form.submit(), Tab: false });
    cmResize(editor, { resizableWidth: false });
  }
  if (!button || !(editor || fixed)) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (editor) editor.setValue(sqlFormatter.format(editor.getValue()));
    else fixed.textContent = sqlFormatter.format(fixed.textContent);
  });
});
