/**
 * What a report can do where there is JavaScript: sort tables, copy texts, save the candidates. It is text, as it runs in the
 * browser of whoever opens the file; without it the report loses nothing but these.
 */
export const PAGE_SCRIPT = `'use strict';
document.documentElement.classList.add('scripted');
function sortBy(table, column, header) {
  const body = table.tBodies[0];
  const ascending = header.getAttribute('aria-sort') === 'descending';
  for (const other of header.parentNode.children) other.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
  const value = (row) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  };
  const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
  const rows = [...body.rows].sort((a, b) => (ascending ? 1 : -1) * compare(value(a), value(b)));
  body.append(...rows);
}
function enhance(root) {
  for (const table of root.querySelectorAll('table[data-sortable]')) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = header.textContent;
      button.addEventListener('click', () => sortBy(table, column, header));
      header.replaceChildren(button);
    });
  }
}
function save(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
function csvOf(candidates) {
  const metrics = Object.keys(candidates[0].costs);
  const field = (value) => { const text = String(value ?? ''); return /[",\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text; };
  const head = ['phase', 'generation', 'origin', 'architecture', 'accuracy', 'top5', 'loss', ...metrics, 'parents'];
  const rows = candidates.map((one) => [one.phase, one.generation, one.origin, one.architecture.join('-'), one.accuracy, one.top5, one.loss,
    ...metrics.map((metric) => one.costs[metric]), one.parents.map((parent) => parent.join('-')).join(' ')]);
  return [head, ...rows].map((row) => row.map(field).join(',')).join('\\n') + '\\n';
}
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.copy !== undefined) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = 'copied';
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.previousElementSibling);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = 'selected';
    }
    setTimeout(() => { button.textContent = 'copy'; }, 1500);
  }
  if (button.dataset.download !== undefined) {
    const candidates = JSON.parse(document.getElementById('candidates-data').textContent);
    if (button.dataset.download === 'csv') save('candidates.csv', 'text/csv', csvOf(candidates));
    else save('candidates.json', 'application/json', JSON.stringify(candidates));
  }
});
enhance(document);
`;
