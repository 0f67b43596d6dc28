// The newest part of the tree of blocks.

import { Flag } from "./shapes.jsx";
import { blocks } from "./state.js";

const STEP = 92;

function lineTo(index) {
  return (
    <g key={index} className="chain-item" style={{ transform: `translate(${(index + 1) * STEP}px, 0px)` }}>
      <path className="chain-line" d="M0 34C-14.0 34 -14.0 34 -28.0 34" />
    </g>
  );
}

function Block({ block, index }) {
  return (
    <li className="chain-item" style={{ transform: `translate(${(index + 1) * STEP}px, 0px)` }}>
      <a
        className="chain-block"
        href={`/explorer/block/${block.hash}`}
        aria-label={`Block ${block.height}, ${block.transactions} transaction, hash ${block.hash}`}
        title={block.hash}
      >
        <Flag of={block.hash} />
        <span className="chain-height">{block.height}</span>
        <span className="chain-count">{`${block.transactions} tx`}</span>
      </a>
    </li>
  );
}

export function ChainPanel() {
  return (
    <section className="panel chain" aria-labelledby="chain-title">
      <div className="panel-head">
        <h2 id="chain-title">Newest blocks</h2>
        <p className="muted">Every block has its own flag, the same wherever it appears.</p>
      </div>
      <div className="chain-frame" style={{ height: 84 }}>
        <div className="chain-strip" style={{ transform: "translateX(-184px)" }}>
          <svg className="chain-lines" aria-hidden="true">
            {blocks.map((block, index) => lineTo(index))}
            <g className="chain-item" style={{ transform: `translate(${(blocks.length + 1) * STEP}px, 0px)` }}>
              <path className="chain-line chain-line-next" d="M0 34H-28.0" />
            </g>
          </svg>
          <ol className="chain-blocks" aria-label="Newest blocks">
            {blocks.map((block, index) => <Block key={block.hash} block={block} index={index} />)}
          </ol>
        </div>
      </div>
      <ul className="branches" aria-label="Living branches" />
      <p className="empty branches-none">No rival branch is alive: all blocks known here agree.</p>
    </section>
  );
}
