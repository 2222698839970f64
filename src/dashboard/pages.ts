import { escapeMarkup } from '../report/svg/element.js';

/** The pages: what is on them comes from the server as data, and is filled in by the script. */
const MAIN: Record<string, { script: string; body: string }> = {
  list: {
    script: 'list.js',
    body: `<header class="page"><h1>Runs</h1><p class="subtitle" id="where"></p></header>
<main>
<p class="bar"><a id="compare" class="button" hidden href="/compare">Compare</a><span id="hint" class="detail">Select runs to compare them.</span></p>
<div id="runs"></div>
</main>`,
  },
  run: {
    script: 'run.js',
    body: `<header class="page"><p class="subtitle"><a href="/">All runs</a></p><h1 id="title">…</h1><p class="subtitle" id="facts"></p>
<p class="progress" id="progress" hidden><progress id="share" max="1" value="0" aria-label="Progress of the run"></progress> <span id="left"></span></p></header>
<main>
<div id="problem" role="alert"></div>
<section id="curves"><h2>Curves</h2>
<p class="bar"><label>Curve <select id="metric"></select></label> <label>over <select id="axis"><option value="step">steps</option><option value="time">time</option></select></label> <button type="button" id="whole" hidden>Whole range</button></p>
<div id="plot"></div><p class="detail" id="said"></p></section>
<div id="sections"></div>
</main>`,
  },
  compare: {
    script: 'compare.js',
    body: `<header class="page"><p class="subtitle"><a href="/">All runs</a></p><h1>Comparison</h1></header>
<main>
<div id="problem" role="alert"></div>
<section id="curves"><h2>Curves</h2>
<p class="bar"><label>Curve <select id="metric"></select></label> <label>over <select id="axis"><option value="step">steps</option><option value="time">time</option></select></label> <button type="button" id="whole" hidden>Whole range</button></p>
<div id="plot"></div><p class="detail" id="said"></p></section>
<section id="table"><h2>Runs</h2></section>
<section id="differences"><h2>Settings that differ</h2></section>
</main>`,
  },
};

/** A page of the dashboard. */
export function dashboardPage(name: 'list' | 'run' | 'compare', title: string): string {
  const { script, body } = MAIN[name]!;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/uPlot.css">
<link rel="stylesheet" href="/assets/style.css">
<script src="/assets/uPlot.js" defer></script>
<script src="/assets/report.js" defer></script>
<script type="module" src="/assets/${script}"></script>
</head>
<body>
<p id="connection" role="status">connecting</p>
${body}
<noscript><main><p>The dashboard needs JavaScript. <code>singlepath report</code> writes a page that does not.</p></main></noscript>
</body>
</html>
`;
}

/** What the pages need beside the style of a report. */
export const DASHBOARD_STYLE = `
#connection{position:sticky;top:0;z-index:2;margin:0;max-width:none;padding:4px 20px;font-size:.8125rem;background:var(--card);border-bottom:1px solid var(--line);color:var(--muted)}
#connection::before{content:"● ";color:var(--muted)}
#connection.live::before{color:var(--cool)}
#connection.lost{color:var(--warm)}#connection.lost::before{content:"▲ ";color:var(--warm)}
.bar{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;max-width:none}
select{font:inherit;font-size:.875rem;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:7px;padding:3px 6px;max-width:100%}
.button{border:1px solid var(--accent);border-radius:7px;padding:3px 12px;text-decoration:none;font-size:.875rem}
progress{width:160px;accent-color:var(--accent);vertical-align:middle}
ul.runs{list-style:none;margin:0 0 1.5rem;padding:0;border:1px solid var(--line);border-radius:10px}
ul.runs li{display:grid;grid-template-columns:auto minmax(0,1.5fr) minmax(0,1fr) minmax(0,1.1fr) 120px;gap:4px 16px;align-items:center;padding:10px 14px;border-top:1px solid var(--line)}
ul.runs li:first-child{border-top:0}
ul.runs .name{font-weight:600;overflow-wrap:anywhere}
ul.runs .detail{display:block;font-weight:400}
ul.runs svg{width:100%;height:34px;display:block}
ul.runs input{width:18px;height:18px;accent-color:var(--accent)}
.spark{fill:none;stroke:var(--accent);stroke-width:1.75;vector-effect:non-scaling-stroke}
.status{display:inline-block;font-size:.8125rem;padding:0 8px;border-radius:99px;border:1px solid var(--line);color:var(--muted)}
.status.running{color:var(--accent);border-color:var(--accent)}.status.running::before{content:"▶ "}
.status.finished::before{content:"✓ "}.status.stopped::before{content:"■ "}
.status.failed,.problem{color:var(--warm)}.status.failed{border-color:var(--warm)}.status.failed::before{content:"✗ "}
#plot{min-height:300px}
.uplot{font-family:inherit;max-width:100%}
.u-legend{font-size:.8125rem;text-align:left}
.u-legend th,.u-legend td{border:0;padding:2px 6px;white-space:normal;overflow-wrap:anywhere}
.u-legend .u-marker{border-radius:2px}
.u-select{background:var(--accent);opacity:.18}
h2.folder{font-size:1rem;margin:1.25rem 0 .5rem;overflow-wrap:anywhere}
@media (max-width:640px){#connection{padding:4px 15px}ul.runs li{grid-template-columns:auto minmax(0,1fr)}ul.runs li>*{grid-column:2}ul.runs li>label{grid-column:1;grid-row:1}}
`;
