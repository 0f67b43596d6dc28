//! What the browser says of its storage, and the wish that it may not clear it by itself.

use crate::browser::call;
use js_sys::Reflect;
use node_core::view::StorageFacts;
use wasm_bindgen::JsValue;

/// Bytes in use and allowed, and whether the browser keeps them; what it does not tell is absent.
/// For pages and workers.
pub async fn facts() -> StorageFacts {
    let Some(manager) = manager() else { return StorageFacts::default() };
    let estimate = call(&manager, "estimate", &[]).await.unwrap_or(JsValue::UNDEFINED);
    let number = |name: &str| Reflect::get(&estimate, &JsValue::from_str(name)).ok().and_then(|value| value.as_f64());
    let persistent = call(&manager, "persisted", &[]).await.ok().and_then(|value| value.as_bool());
    StorageFacts { used_bytes: number("usage"), quota_bytes: number("quota"), persistent }
}

/// Asks the browser to keep what is stored until a person clears it. For pages; gives whether it
/// does, if there is such a promise here.
pub async fn ask_to_persist() -> Option<bool> {
    call(&manager()?, "persist", &[]).await.ok()?.as_bool()
}

/// `navigator.storage`, which is there in secure contexts only.
fn manager() -> Option<JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &JsValue::from_str("navigator")).ok()?;
    Reflect::get(&navigator, &JsValue::from_str("storage")).ok().filter(JsValue::is_object)
}
