//! The overview: this tab, its peers, the newest blocks, and what happens right now.

mod chain;
mod figures;
mod invite;
mod log;
mod mesh;
mod ring;
mod situation;
mod tree;

use self::{chain::ChainPanel, figures::Figures, invite::Invite, log::LogPanel, mesh::MeshPanel, situation::Situation};
use super::mining::MiningControl;
use crate::texts;
use leptos::prelude::*;

/// The overview.
#[component]
pub(crate) fn Overview() -> impl IntoView {
    super::title(texts::OVERVIEW);
    view! {
        <div class="page-head">
            <h1>{texts::OVERVIEW_TITLE}</h1>
            <p class="lead">{texts::OVERVIEW_LEAD}</p>
        </div>
        <Situation />
        <div class="overview">
            <MeshPanel />
            <div class="overview-side">
                <Figures />
                <MiningControl />
            </div>
            <ChainPanel />
            <LogPanel />
            <Invite />
        </div>
    }
}
