//! Over which kind of address a link runs, by what the browser says of it (W3C, Identifiers for WebRTC's Statistics).

use js_sys::{Function, Reflect};
use node_core::view::Route;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::RtcPeerConnection;

/// Asks the browser; nothing if it does not say.
pub(super) async fn route_of(connection: &RtcPeerConnection) -> Option<Route> {
    let report = JsFuture::from(connection.get_stats()).await.ok()?;
    // A report is like a map, but none.
    let values: Function = property(&report, "values")?.dyn_into().ok()?;
    let values = js_sys::try_iter(&values.call0(&report).ok()?).ok()??;
    let entries: Vec<JsValue> = values.filter_map(Result::ok).collect();
    let of_id = |id: &str| entries.iter().find(|entry| text(entry, "id").as_deref() == Some(id));
    let pair = entries.iter().find_map(|entry| selected(entry, of_id))?;
    let kind = |end: &str| text(of_id(&text(pair, end)?)?, "candidateType");
    route(&kind("localCandidateId")?, kind("remoteCandidateId").as_deref())
}

/// The pair of addresses that is in use, if this entry names it or is it.
fn selected<'a>(entry: &'a JsValue, of_id: impl Fn(&str) -> Option<&'a JsValue>) -> Option<&'a JsValue> {
    let is = |name: &str| property(entry, name).is_some_and(|value| value.is_truthy());
    match text(entry, "type")?.as_str() {
        "transport" => of_id(&text(entry, "selectedCandidatePairId")?),
        // Firefox has no transports in its reports.
        "candidate-pair" if is("selected") => Some(entry),
        _ => None,
    }
}

/// By the own end: a browser that hides its addresses makes those of peers look like found ones.
fn route(local: &str, remote: Option<&str>) -> Option<Route> {
    if remote == Some("relay") { Some(Route::Relayed) } else { of_type(local) }
}

/// The kind of address that a type of candidate stands for (RFC 8839, section 5.1).
pub(super) fn of_type(candidate_type: &str) -> Option<Route> {
    match candidate_type {
        "host" => Some(Route::Host),
        "srflx" | "prflx" => Some(Route::Reflexive),
        "relay" => Some(Route::Relayed),
        _ => None,
    }
}

fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &JsValue::from_str(name)).ok().filter(|value| !value.is_undefined())
}

fn text(object: &JsValue, name: &str) -> Option<String> {
    property(object, name)?.as_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_at_either_end_relays_all() {
        assert_eq!(route("host", Some("relay")), Some(Route::Relayed));
        assert_eq!(route("relay", None), Some(Route::Relayed));
    }

    #[test]
    fn otherwise_the_own_address_counts() {
        assert_eq!(route("host", Some("prflx")), Some(Route::Host));
        assert_eq!(route("prflx", Some("host")), Some(Route::Reflexive));
        assert_eq!(route("srflx", Some("srflx")), Some(Route::Reflexive));
        assert_eq!(route("new kind", Some("host")), None);
    }
}
