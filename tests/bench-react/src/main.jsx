// The overview of our page in React: the same headings, panels, drawings and texts, of one static state.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ChainPanel } from "./chain.jsx";
import { Figures, MiningControl } from "./figures.jsx";
import { Footer, Header } from "./frame.jsx";
import { Invite } from "./invite.jsx";
import { LogPanel } from "./log.jsx";
import { MeshPanel } from "./mesh.jsx";

function Overview() {
  return (
    <>
      <Header />
      <main id="content" tabIndex={-1}>
        <div className="page-head">
          <h1>This tab is a node</h1>
          <p className="lead">The circles around it are other people’s tabs, linked straight to this one. Together they keep one chain of blocks; no server holds it.</p>
        </div>
        <div className="overview">
          <MeshPanel />
          <div className="overview-side">
            <Figures />
            <MiningControl />
          </div>
          <ChainPanel />
          <LogPanel />
          <Invite />
        </div>
      </main>
      <Footer />
    </>
  );
}

createRoot(document.body).render(<StrictMode><Overview /></StrictMode>);
