// The invitation: a link and its QR code.

import { CopyLink, Icon } from "./shapes.jsx";
import { status } from "./state.js";

export function Invite() {
  return (
    <section className="panel invite" aria-labelledby="invite-title">
      <h2 id="invite-title">Invite</h2>
      <div className="invite-body">
        <svg className="qr" viewBox="0 0 41 41" role="img" aria-label="QR code of the invitation link" shapeRendering="crispEdges">
          <rect width="41" height="41" fill="#fff" />
          <path d={status.qr} fill="#000" />
        </svg>
        <div className="invite-text">
          <p>Every tab that opens this link joins this room and becomes a peer.</p>
          <p className="invite-room">{`Room “${status.room}” of the network “${status.network}”`}</p>
          <p className="long-text">{status.invitation}</p>
          <div className="actions">
            <CopyLink text={status.invitation} />
            <a className="button" href={status.invitation} target="_blank" rel="noopener">
              <Icon shape="newTab" />
              Open in a new tab
            </a>
          </div>
          <p className="muted">This page came from your own computer, so the link works on this computer only. To invite a phone, open the page under your computer’s network address first.</p>
        </div>
      </div>
    </section>
  );
}
