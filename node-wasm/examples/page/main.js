// A node in a page of plain HTML. The package lies beside it, in the folder "tabchain".
import { start } from "./tabchain/tabchain.js";

const show = (id, text) => (document.getElementById(id).textContent = text);
const room = new URLSearchParams(location.search).get("room") ?? "public";
const tracker = new URL("/ws", location.href.replace(/^http/, "ws")).href;

const tabchain = await start({ network: "dev", room, tracker });
window.tabchain = tabchain; // to try more in the console

async function refresh() {
  const { height, peers } = await tabchain.status();
  show("height", height);
  show("peers", peers);
  show("balance", (await tabchain.wallet.balance()).spendable);
}
for (const event of ["tip", "peer", "balance"]) tabchain.on(event, refresh);
await refresh();
show("address", await tabchain.wallet.address());

document.getElementById("mine").addEventListener("click", async ({ currentTarget: button }) => {
  const mine = button.getAttribute("aria-pressed") === "false";
  await (mine ? tabchain.miner.start() : tabchain.miner.stop());
  button.setAttribute("aria-pressed", mine);
});

document.getElementById("send").addEventListener("submit", async (submit) => {
  submit.preventDefault();
  const form = Object.fromEntries(new FormData(submit.target));
  await tabchain.wallet.send(form).then((id) => show("said", `Sent: ${id}`), (error) => show("said", error.message));
});
