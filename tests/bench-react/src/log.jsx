// What happened, newest first.

import { useState } from "react";
import { Hash, Icon, Time } from "./shapes.jsx";
import { log } from "./state.js";

const FILTERS = ["All", "Accepted", "Rejected"];

function Line({ line }) {
  const accepted = line.kind === "accepted";
  return (
    <li className={accepted ? "log-line log-accepted" : "log-line"} data-code={line.code}>
      <Icon shape={accepted ? "check" : "info"} />
      <div className="log-text">
        <p>
          <span className="visually-hidden">{`${line.kind}: `}</span>
          {line.text}
        </p>
        <p className="log-details">
          <span className="log-code">{line.code}</span>
          {line.hash && <Hash text={line.hash} what="hash" href={`/explorer/search/${line.hash}`} />}
          {line.peer && <span className="log-peer">from <Hash text={line.peer} what="peer id" /></span>}
        </p>
      </div>
      <span className="log-time"><Time {...line} /></span>
    </li>
  );
}

export function LogPanel() {
  const [filter, choose] = useState("All");
  const lines = log.filter((line) => filter === "All" || line.kind === filter.toLowerCase());
  return (
    <section className="panel log" aria-labelledby="log-title">
      <div className="panel-head">
        <h2 id="log-title">Log</h2>
        <div className="chips" role="group" aria-label="Which lines">
          {FILTERS.map((name) => (
            <button key={name} className="chip" type="button" aria-pressed={filter === name} onClick={() => choose(name)}>{name}</button>
          ))}
        </div>
      </div>
      <div className="log-lines" role="log" aria-live="off" aria-labelledby="log-title" tabIndex={0}>
        <ol>
          {lines.map((line) => <Line key={line.time + line.text} line={line} />)}
        </ol>
      </div>
    </section>
  );
}
