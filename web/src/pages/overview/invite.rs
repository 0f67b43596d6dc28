//! The invitation into this room.

use crate::{
    browser,
    components::{CopyButton, Icon, QrCode, Shape},
    state::use_tab,
    texts,
};
use leptos::prelude::*;

/// A link and a QR code that bring another tab into this room.
#[component]
pub(crate) fn Invite() -> impl IntoView {
    let tab = use_tab();
    let link = tab.invitation();
    let room = move || tab.status.map(|status| texts::invite_room(&status.network, &status.room));
    view! {
        <section class="panel invite" aria-labelledby="invite-title">
            <h2 id="invite-title">{texts::INVITE}</h2>
            <div class="invite-body">
                <QrCode text=link.clone() label=texts::INVITE_QR />
                <div class="invite-text">
                    <p>{texts::INVITE_TEXT}</p>
                    <p class="invite-room" data-testid="invite-room">{room}</p>
                    <p class="long-text" data-testid="invite-link">{link.clone()}</p>
                    <div class="actions">
                        <CopyButton text=link.clone() what=texts::WHAT_LINK wide=true />
                        <a class="button" href=link target="_blank" rel="noopener">
                            <Icon shape=Shape::NewTab />
                            {texts::INVITE_OPEN}
                        </a>
                    </div>
                    {browser::is_loopback().then(|| view! { <p class="muted">{texts::INVITE_LOOPBACK}</p> })}
                </div>
            </div>
        </section>
    }
}
