// The frame around the view: header, navigation, theme, footer.

import { useEffect, useState } from "react";
import { Flag, Icon } from "./shapes.jsx";
import { peers, status, tip } from "./state.js";

const VIEWS = [
  ["/", "Overview"],
  ["/wallet", "Wallet"],
  ["/explorer", "Explorer"],
  ["/mempool", "Mempool"],
  ["/mining", "Mining"],
  ["/network", "Network"],
  ["/lab", "Lab"],
  ["/learn", "Learn"],
  ["/settings", "Settings"],
];

const THEMES = [
  ["system", "As the system", "screen"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

export function Header() {
  return (
    <>
      <a className="skip" href="#content">Skip to content</a>
      <header className="top">
        <a className="brand" href="/">
          <Mark />
          <span>Tabchain</span>
        </a>
        <nav className="nav" aria-label="Views">
          {VIEWS.map(([path, name]) => (
            <a key={path} className="nav-link" href={path} aria-current={path === "/" ? "page" : undefined}>{name}</a>
          ))}
        </nav>
        <p className="top-fact top-room" title="Network and room: tabs of the same room share one chain">
          <span className="top-label">Room</span>
          <span className="top-value">{`${status.network} / ${status.room}`}</span>
        </p>
        <p className="top-fact">
          <span className="top-label">Mesh</span>
          <span className="top-value">
            <span className="dot" data-state="connected" />
            {`${peers.length} peers`}
          </span>
        </p>
        <p className="top-fact">
          <span className="top-label">Height</span>
          <span className="top-value">
            <Flag of={tip.hash} />
            <span data-testid="tip-height">{tip.height}</span>
          </span>
        </p>
        <ThemeSwitch />
      </header>
    </>
  );
}

function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="mark-line" d="M10 16.5h12" />
      <path className="mark-ink" d="M1 24v-12l3-4h6l3 4v12z" />
      <path className="mark-accent" d="M19 24v-12l3-4h6l3 4v12z" />
    </svg>
  );
}

function ThemeSwitch() {
  const [theme, choose] = useState("system");
  useEffect(() => {
    if (theme === "system") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
  }, [theme]);
  return (
    <fieldset className="theme">
      <legend className="visually-hidden">Theme</legend>
      {THEMES.map(([value, label, shape]) => (
        <label key={value} className="theme-choice" title={label}>
          <input className="visually-hidden" type="radio" name="theme" value={value} checked={theme === value} onChange={() => choose(value)} />
          <Icon shape={shape} />
          <span className="visually-hidden">{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Footer() {
  return (
    <footer className="foot">
      <p>This page is a whole node: it checks, keeps and forwards every block itself. Its coins are for learning and are worth nothing.</p>
      <p className="mono">{status.version}</p>
      <p>{status.storage}</p>
    </footer>
  );
}
