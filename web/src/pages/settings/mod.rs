//! Settings: role, network and room, profiles, what is stored, the tracker, and looks.

mod chain_file;
mod node;
mod profiles;
mod role;
mod room;
mod storage;

use self::{
    chain_file::ChainFile, node::NodeForm, profiles::ProfilesPanel, role::RolePanel, room::RoomForm,
    storage::StoragePanel,
};
use crate::{texts, theme::ThemeChoice};
use leptos::prelude::*;

/// Settings.
#[component]
pub(crate) fn Settings() -> impl IntoView {
    super::title(texts::SETTINGS);
    view! {
        <div class="page-head">
            <h1>{texts::SETTINGS}</h1>
            <p class="lead">{texts::SETTINGS_LEAD}</p>
        </div>
        <div class="settings">
            <RolePanel />
            <RoomForm />
            <ProfilesPanel />
            <StoragePanel />
            <ChainFile />
            <NodeForm />
            <section class="panel" aria-labelledby="appearance-title">
                <h2 id="appearance-title">{texts::APPEARANCE}</h2>
                <p class="muted">{texts::APPEARANCE_NOTE}</p>
                <ThemeChoice />
            </section>
        </div>
    }
}
