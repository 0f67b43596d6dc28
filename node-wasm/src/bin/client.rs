//! The page's side of the npm package. Loaded by `package/tabchain.js`.

/// What `tabchain.js` calls.
#[cfg(target_arch = "wasm32")]
mod exports {
    use wasm_bindgen::JsValue;
    use wasm_bindgen::prelude::wasm_bindgen;

    /// Starts a node whose files lie in `folder`; gives the API's object.
    #[wasm_bindgen]
    #[expect(unreachable_pub, reason = "wasm-bindgen exports what is public only")]
    pub fn start(options: &JsValue, folder: &str) -> Result<JsValue, JsValue> {
        node_wasm::api::start(options, folder)
    }
}

// Nothing runs before it is called; natively there is nothing to call.
fn main() {}
