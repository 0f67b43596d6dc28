//! The profiles of this browser in this room: named, switched, made and erased.

use crate::{
    browser,
    components::{Failure, Field, Loading, Notice, TimeAgo, Tone, use_toasts},
    state::use_tab,
    texts,
};
use leptos::{either::EitherOf3, prelude::*, task::spawn_local};
use node_wasm::{client::Listed, request::RequestError};

/// Most characters of a profile's name.
const MAX_NAME: usize = node_wasm::storage::profiles::MAX_CHARS;

/// The first number that no profile has.
fn free_id(taken: &[Listed]) -> String {
    let mut numbers = (1_u32..).map(|number| number.to_string());
    numbers.find(|id| taken.iter().all(|one| one.profile.id != *id)).unwrap_or_default()
}

/// Why a profile cannot have this name.
fn refusal(name: &str) -> Option<String> {
    let length = name.trim().chars().count();
    (length == 0 || length > MAX_NAME).then(|| texts::profile_name_wrong(MAX_NAME))
}

/// What the list does with a row, and says when it went wrong.
#[derive(Clone, Copy)]
struct Deeds {
    /// Told when the list may have changed.
    changed: RwSignal<u32>,
    /// Id of the profile that is about to be erased.
    erasing: RwSignal<Option<String>>,
    /// Id of the profile that gets a name.
    naming: RwSignal<Option<String>>,
}

/// Profiles of this room, the own one first.
#[component]
pub(crate) fn ProfilesPanel() -> impl IntoView {
    let tab = use_tab();
    let deeds = Deeds { changed: RwSignal::new(0), erasing: RwSignal::new(None), naming: RwSignal::new(None) };
    // The node has its profile from its first status on.
    let started = Memo::new(move |_| tab.status.map(|status| (status.network.clone(), status.room.clone())));
    let listed = LocalResource::new(move || {
        deeds.changed.track();
        let place = started.get();
        async move {
            let (network, room) = place?;
            Some(tab.client().profiles().await.map(|all| {
                let is_here = |one: &Listed| one.profile.network == network && one.profile.room == room;
                let mut here: Vec<Listed> = all.into_iter().filter(is_here).collect();
                here.sort_by_key(|one| (!one.current, std::cmp::Reverse(one.profile.last_used)));
                here
            }))
        }
    });
    let list = move || match listed.get().flatten() {
        None => EitherOf3::A(view! { <Loading text=texts::PROFILES_LOADING /> }),
        Some(Err(error)) => EitherOf3::B(view! { <Failure error=error /> }),
        Some(Ok(profiles)) => {
            let free = free_id(&profiles);
            EitherOf3::C(view! {
                <Show when={let none = profiles.is_empty(); move || none}>
                    <Notice tone=Tone::Calm title=texts::PROFILE_NONE text=texts::PROFILE_NONE_TEXT />
                </Show>
                <ul class="profiles">
                    {profiles.into_iter().map(|one| view! { <ProfileRow one=one deeds=deeds /> }).collect_view()}
                </ul>
                <div class="actions">
                    <SwitchButton id=free label=texts::PROFILE_NEW name="profile-new" />
                </div>
            })
        }
    };
    view! {
        <section class="panel" aria-labelledby="profiles-title">
            <h2 id="profiles-title">{texts::PROFILES}</h2>
            <p class="muted">{texts::PROFILES_NOTE}</p>
            {list}
        </section>
    }
}

/// Loads the page with another profile.
#[component]
fn SwitchButton(id: String, label: &'static str, name: &'static str) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let switch = move |_| {
        if let Err(error) = tab.client().switch_profile(&id) {
            toasts.say(browser::said(&error.message));
        }
    };
    view! { <button type="button" class="button" data-testid=name on:click=switch>{label}</button> }
}

#[component]
fn ProfileRow(one: Listed, deeds: Deeds) -> impl IntoView {
    let Listed { profile, current, in_use } = one;
    let is_elsewhere = in_use && !current;
    let mark = if current {
        Some(texts::PROFILE_CURRENT)
    } else if is_elsewhere {
        Some(texts::PROFILE_IN_USE)
    } else {
        None
    };
    let this = StoredValue::new(profile.id.clone());
    let is_this = move |chosen: RwSignal<Option<String>>| {
        move || chosen.with(|chosen| this.with_value(|id| chosen.as_ref() == Some(id)))
    };
    let choose = move |chosen: RwSignal<Option<String>>| move |_| chosen.set(Some(this.get_value()));
    let (id, name) = (profile.id.clone(), StoredValue::new(profile.name.clone()));
    view! {
        <li class="profile-row" data-testid="profile-row">
            <div class="profile-head">
                <p class="profile-name">
                    <strong>{texts::profile_called(&profile.id, &profile.name)}</strong>
                    {mark.map(|mark| view! { <span class="badge">{mark}</span> })}
                </p>
                <p class="muted">{texts::PROFILE_LAST_USED}" "<TimeAgo time=profile.last_used /></p>
            </div>
            <div class="actions">
                {(!in_use).then(|| view! { <SwitchButton id=id label=texts::PROFILE_SWITCH name="profile-switch" /> })}
                <button type="button" class="button" data-testid="profile-rename" on:click=choose(deeds.naming)>{texts::PROFILE_RENAME}</button>
                {(!is_elsewhere).then(|| view! {
                    <button type="button" class="button" data-testid="profile-erase" on:click=choose(deeds.erasing)>{texts::PROFILE_ERASE}</button>
                })}
            </div>
            <Show when=is_this(deeds.naming)>
                <NameForm id=this.get_value() name=name.get_value() deeds=deeds />
            </Show>
            <Show when=is_this(deeds.erasing)>
                <EraseForm id=this.get_value() deeds=deeds />
            </Show>
        </li>
    }
}

#[component]
fn NameForm(id: String, name: String, deeds: Deeds) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let name = RwSignal::new(name);
    let error = Signal::derive(move || name.with(|name| refusal(name)));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (id, name) = (id.clone(), name.get_untracked());
        if refusal(&name).is_some() {
            return;
        }
        spawn_local(async move {
            match tab.client().rename_profile(&id, &name).await {
                Ok(()) => {
                    deeds.naming.set(None);
                    deeds.changed.update(|changed| *changed += 1);
                }
                Err(error) => toasts.say(browser::said(&error.message)),
            }
        });
    };
    view! {
        <form class="settings-form" on:submit=submit novalidate=true>
            <Field name="profile-name" label=texts::PROFILE_NAME value=name error=error />
            <div class="actions">
                <button type="submit" class="button button-main" data-testid="profile-name-save" prop:disabled=move || error.get().is_some()>{texts::PROFILE_NAME_SAVE}</button>
                <button type="button" class="button" on:click=move |_| deeds.naming.set(None)>{texts::CANCEL}</button>
            </div>
        </form>
    }
}

/// Erasing is asked for twice: there is no way back.
#[component]
fn EraseForm(id: String, deeds: Deeds) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let erase = move |_| {
        let id = id.clone();
        deeds.erasing.set(None);
        spawn_local(async move {
            let result: Result<(), RequestError> = tab.client().erase_profile(&id).await;
            deeds.changed.update(|changed| *changed += 1);
            toasts.say(match result {
                Ok(()) => texts::PROFILE_ERASED.to_owned(),
                Err(error) => browser::said(&error.message),
            });
        });
    };
    view! {
        <Notice tone=Tone::Danger title=texts::PROFILE_ERASE_TITLE text=texts::PROFILE_ERASE_TEXT>
            <button type="button" class="button button-danger" data-testid="profile-erase-confirm" on:click=erase>{texts::PROFILE_ERASE_CONFIRM}</button>
            <button type="button" class="button" on:click=move |_| deeds.erasing.set(None)>{texts::CANCEL}</button>
        </Notice>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::{storage::profiles::Profile, units::Timestamp};

    fn listed(id: &str) -> Listed {
        let profile = Profile {
            id: id.to_owned(),
            name: id.to_owned(),
            network: "dev".to_owned(),
            room: "lobby".to_owned(),
            last_used: Timestamp::from_millis(0),
        };
        Listed { profile, current: false, in_use: false }
    }

    #[test]
    fn a_new_profile_gets_the_first_free_number() {
        assert_eq!(free_id(&[]), "1");
        assert_eq!(free_id(&[listed("1"), listed("3"), listed("alice")]), "2");
    }

    #[test]
    fn names_are_short_and_not_empty() {
        assert_eq!(refusal("Alice, for school"), None);
        for bad in ["", "   ", &"x".repeat(MAX_NAME + 1)] {
            assert!(refusal(bad).is_some(), "{bad:?}");
        }
    }
}
