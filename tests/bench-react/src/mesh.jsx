// This tab in the middle of its peers, as a drawing and as a table.

import { FlagShape, Hash, iconPath } from "./shapes.jsx";
import { peers } from "./state.js";

const WIDTH = 711;
const HEIGHT = 520;
const DISC = 26;
const OWN_DISC = 34;

const roleShape = (role) => (role === "miner" ? "pick" : "cube");

function seat(index) {
  const angle = -90 + (360 * index) / peers.length;
  const turn = (angle * Math.PI) / 180;
  return { angle, distance: Math.hypot(Math.cos(turn) * (WIDTH / 2 - 60), Math.sin(turn) * (HEIGHT / 2 - 50)) };
}

function RoleIcon({ role, radius }) {
  return <path className="role-icon" transform={`scale(${(radius * 1.1) / 24}) translate(-12 -12)`} d={iconPath(roleShape(role))} />;
}

function Peer({ peer, index }) {
  const { angle, distance } = seat(index);
  const above = angle < 0;
  return (
    <g className="seat peer peer-open" style={{ transform: `rotate(${angle}deg) translateX(${distance}px) rotate(${-angle}deg)` }}>
      <a
        className="peer-arrival"
        href="/network"
        aria-label={`Peer ${peer.id}: ${peer.role}, round trip ${peer.roundTrip} ms, height ${peer.height}, ${peer.points} of 100 offence points`}
      >
        <circle className="disc" r={DISC} />
        <RoleIcon role={peer.role} radius={DISC} />
        <g transform={`translate(-34 ${above ? -56.5 : 31.5})`}>
          <g className="flag-in-graph"><FlagShape of={peer.id} /></g>
          <text className="peer-id" x="22" y="9.5">{peer.id.slice(0, 6)}</text>
        </g>
        <text className="peer-quality" x="0" y={above ? -32 : 56}>{`${peer.roundTrip} ms`}</text>
      </a>
    </g>
  );
}

function Graph() {
  return (
    <svg
      className="mesh-graph"
      role="group"
      aria-label={`This tab is linked to ${peers.length} other tabs. Their details are in the table below.`}
      width={WIDTH}
      height={HEIGHT}
    >
      <g style={{ transform: `translate(${WIDTH / 2}px, ${HEIGHT / 2}px)` }}>
        {peers.map((peer, index) => (
          <g key={peer.id} className="seat" style={{ transform: `rotate(${seat(index).angle}deg)` }}>
            <line className="link link-open" x2="1" style={{ transform: `scaleX(${seat(index).distance})` }} />
          </g>
        ))}
        {peers.map((peer, index) => <Peer key={peer.id} peer={peer} index={index} />)}
        <g className="own">
          <circle className="own-ring" r={OWN_DISC + 7} />
          <circle className="disc" r={OWN_DISC} />
          <RoleIcon role="full node" radius={OWN_DISC} />
          <text className="own-label" y="60">this tab</text>
        </g>
      </g>
    </svg>
  );
}

function Table() {
  return (
    <details className="mesh-table">
      <summary>Peers as a table</summary>
      <div className="scroller" tabIndex={0} role="region" aria-label="Peers as a table">
        <table>
          <thead>
            <tr>
              {["Peer", "Role", "Round trip", "Height", "Received", "Sent", "Offence points"].map((name) => (
                <th key={name} scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {peers.map((peer) => (
              <tr key={peer.id}>
                <th scope="row"><Hash text={peer.id} what="peer id" /></th>
                <td>{peer.role}</td>
                <td>{`${peer.roundTrip} ms`}</td>
                <td>{peer.height}</td>
                <td>{peer.received}</td>
                <td>{peer.sent}</td>
                <td>{`${peer.points} of 100`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function MeshPanel() {
  return (
    <section className="panel mesh" aria-labelledby="mesh-title">
      <div className="panel-head">
        <h2 id="mesh-title">Mesh</h2>
        <ul className="legend">
          <li><span className="legend-pulse legend-block" />block</li>
          <li><span className="legend-pulse legend-transaction" />transaction</li>
          <li className="is-empty"><span className="legend-pulse legend-outer" />tab without a line</li>
        </ul>
      </div>
      <div className="mesh-frame"><Graph /></div>
      <Table />
    </section>
  );
}
