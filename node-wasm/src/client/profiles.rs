//! Profiles of this browser, as the page and the JavaScript API see them. All but the list is about
//! profiles of the node's network and room.

use super::Client;
use crate::storage::StorageError;
use crate::storage::profiles::{self, MAX_CHARS, Profile, is_id};
use node_core::request::{ErrorCode, RequestError};
use node_core::sentence::{Say, sentence};
use serde::Serialize;
use web_sys::UrlSearchParams;

/// A profile in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ListedProfile"))]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The profile.
    #[serde(flatten)]
    pub profile: Profile,
    /// Whether it is that of this tab.
    pub current: bool,
    /// Whether a tab has it now.
    pub in_use: bool,
}

impl Client {
    /// All profiles of this browser.
    pub async fn profiles(&self) -> Result<Vec<Listed>, RequestError> {
        let current = self.profile();
        let config = self.config();
        let listed = profiles::list().await.map_err(|error| unreadable(&error))?.into_iter();
        let listed = listed.map(|(profile, in_use)| {
            let here = profile.network == config.network && profile.room == config.room;
            let current = here && current.as_deref() == Some(profile.id.as_str());
            Listed { profile, current, in_use }
        });
        Ok(listed.collect())
    }

    /// Calls a profile otherwise.
    pub async fn rename_profile(&self, id: &str, name: &str) -> Result<(), RequestError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_CHARS {
            let message = sentence!("a name has 1 to {MAX_CHARS} characters");
            return Err(RequestError::new(ErrorCode::BadRequest, message).in_field("name"));
        }
        let config = self.config();
        let known = profiles::rename(&config.network, &config.room, id, name).await;
        if known.map_err(|error| unreadable(&error))? { Ok(()) } else { Err(unknown()) }
    }

    /// Loads the page anew with another profile, which is made if there is none.
    pub fn switch_profile(&self, id: &str) -> Result<(), RequestError> {
        if !is_id(id) {
            return Err(unknown());
        }
        if self.profile().as_deref() != Some(id) {
            let location = web_sys::window().map(|window| window.location());
            let gone = location.and_then(|location| {
                let search = UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
                search.set("profile", id);
                location.set_search(&String::from(search.to_string())).ok()
            });
            gone.ok_or_else(|| RequestError::new(ErrorCode::BadRequest, sentence!("the page cannot be loaded anew")))?;
        }
        Ok(())
    }

    /// Erases a profile with its wallet and its chain. Of this tab's own profile the node stops
    /// first; the page is then loaded anew and starts with an empty one.
    pub async fn erase_profile(&self, id: &str) -> Result<(), RequestError> {
        let own = self.profile().as_deref() == Some(id);
        if own {
            self.stop(sentence!("this profile was erased"));
        }
        let config = self.config();
        let gone = profiles::erase(&config.network, &config.room, id, own).await;
        if !gone.map_err(|error| unreadable(&error))? {
            return Err(RequestError::new(ErrorCode::BadRequest, sentence!("another tab has this profile")));
        }
        if own && let Some(window) = web_sys::window() {
            // Who asked may not hear of it any more, nor does it matter.
            let _ = window.location().reload();
        }
        Ok(())
    }
}

fn unknown() -> RequestError {
    RequestError::new(ErrorCode::NotFound, sentence!("there is no such profile"))
}

fn unreadable(error: &StorageError) -> RequestError {
    RequestError::new(ErrorCode::NotReadable, error.say())
}
