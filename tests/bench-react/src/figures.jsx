// The figures at a glance, and the switch of the miner.

import { useState } from "react";
import { Flag, Icon, Time } from "./shapes.jsx";
import { peers, status, tip } from "./state.js";

function Figure({ name, value, note }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <span className="figure-value">{value}</span>
        <span className="figure-note">{note}</span>
      </dd>
    </div>
  );
}

export function Figures() {
  return (
    <section className="panel figures" aria-label="Figures">
      <dl>
        <div className="figure figure-wide">
          <dt>Height</dt>
          <dd>
            <span className="figure-value"><Flag of={tip.hash} />{tip.height}</span>
            <span className="figure-note">newest block <Time {...status.newest} /></span>
          </dd>
        </div>
        <Figure name="Block interval" value={status.interval} note={`wanted: ${status.wanted}`} />
        <Figure name="Difficulty" value={status.difficulty} note="expected hashes a block" />
        <Figure name="Hash rate of all" value={status.networkRate} note="estimated from the newest blocks" />
        <Figure name="Hash rate of this tab" value={status.ownRate} note="not mining" />
        <Figure name="Peers" value={peers.length} note={`${status.roomSize} tabs in the room`} />
        <Figure name="Mempool" value={status.mempool} note={status.mempoolBytes} />
      </dl>
    </section>
  );
}

export function MiningControl() {
  const [threads, choose] = useState(1);
  return (
    <section className="panel mining" aria-labelledby="mining-title">
      <div className="panel-head">
        <h2 id="mining-title">Mining here</h2>
        <p className="muted">0 blocks found</p>
      </div>
      <div className="mining-controls">
        <label className="mining-threads">
          <span>Threads</span>
          <input type="range" min="1" max={status.threads} step="1" value={threads} onChange={(event) => choose(event.target.value)} />
          <output>{`${threads} of ${status.threads}`}</output>
        </label>
        <button className="button button-main" type="button">
          <Icon shape="play" />
          Start mining
        </button>
      </div>
      <p className="muted">Each thread keeps one processor core busy looking for the next block. Whoever finds it gets its reward.</p>
    </section>
  );
}
