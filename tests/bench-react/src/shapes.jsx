// Flags, icons and hashes, as the page draws them everywhere.

const PATTERNS = [
  ["M9 0h9v12h-9z", ""],
  ["M6 0h6v12h-6z", "M12 0h6v12h-6z"],
  ["M0 6h18v6h-18z", ""],
  ["M0 4h18v4h-18z", "M0 8h18v4h-18z"],
  ["M9 0h9v6h-9zM0 6h9v6h-9z", ""],
  ["M0 0L18 12H0z", ""],
  ["M4 3h10v6h-10z", ""],
  ["M6 0h3.5v12h-3.5zM0 4.25h18v3.5h-18z", ""],
  ["M0 0h3l15 10v2h-3L0 2zM18 0h-3L0 10v2h3L18 2z", ""],
  ["M0 6h18v6h-18z", "M0 0L9 6L0 12z"],
  ["M9 2.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z", ""],
  ["M3.6 0h3.6v12h-3.6zM10.8 0h3.6v12h-3.6z", ""],
];

const ICONS = {
  copy: "M9 9h11v11H9z M15 9V4H4v11h5",
  check: "M4 12.5l5 5L20 6.5",
  info: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18z M12 11v5.5 M12 7.5v.3",
  cube: "M12 2.5l8.5 4.75v9.5L12 21.5l-8.5-4.75v-9.5z M3.5 7.25L12 12l8.5-4.75 M12 12v9.5",
  pick: "M3.5 20.5L14.5 9.5 M7 4.5c5-1.5 9.5.5 12 3.5s4.5 7 3 12c-1-4.5-3-7.5-5.5-10S11.5 5.5 7 4.5z",
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z M12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  screen: "M3 4.5h18v12H3z M12 16.5v4 M8 20.5h8",
  newTab: "M14 4h6v6 M20 4l-9 9 M18 14v6H4V6h6",
  play: "M7 4.5v15L19.5 12z",
};

export const iconPath = (shape) => ICONS[shape];

// Fowler–Noll–Vo hash 1a, 64 bits, folded, as our page chooses a flag.
function design(text) {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  let rest = hash ^ (hash >> 32n);
  const draw = (choices) => {
    const choice = Number(rest % BigInt(choices));
    rest /= BigInt(choices);
    return choice;
  };
  const first = draw(8);
  const second = (first + 1 + draw(7)) % 8;
  const left = [0, 1, 2, 3, 4, 5, 6, 7].filter((colour) => colour !== first && colour !== second);
  const third = left[draw(6)];
  return { colours: [first, second, third], pattern: PATTERNS[draw(PATTERNS.length)] };
}

export function FlagShape({ of }) {
  const { colours, pattern } = design(of);
  return (
    <>
      <rect className={`cloth-${colours[0]}`} width="18" height="12" />
      <path className={`cloth-${colours[1]}`} d={pattern[0]} />
      <path className={`cloth-${colours[2]}`} d={pattern[1]} />
    </>
  );
}

export function Flag({ of }) {
  return (
    <svg className="flag" viewBox="0 0 18 12" aria-hidden="true" focusable="false">
      <FlagShape of={of} />
    </svg>
  );
}

export function Icon({ shape }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={ICONS[shape]} />
    </svg>
  );
}

const copy = (text) => navigator.clipboard?.writeText(text);

export function Hash({ text, what, href }) {
  const label = (
    <>
      <span aria-hidden="true">{`${text.slice(0, 6)}…${text.slice(-6)}`}</span>
      <span className="hash-whole">{text}</span>
    </>
  );
  return (
    <span className="hash">
      <Flag of={text} />
      {href ? <a className="hash-text" href={href}>{label}</a> : <span className="hash-text">{label}</span>}
      <button className="icon-button" type="button" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={() => copy(text)}>
        <Icon shape="copy" />
      </button>
    </span>
  );
}

export function CopyLink({ text }) {
  return (
    <button className="button" type="button" aria-label="Copy link" title="Copy link" onClick={() => copy(text)}>
      <Icon shape="copy" />
      Copy link
    </button>
  );
}

export function Time({ time, at, ago }) {
  return <time dateTime={time} title={at}>{ago}</time>;
}
