//! Macros for `node_core::sentence`: a sentence is written like the text of `format!` or of an error,
//! and keeps its pattern and the values in its places apart.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, LitStr, Result, Token, parse_macro_input};

/// A `node_core::sentence::Sentence` of a pattern: `sentence!("block {height} is not kept here")`.
///
/// A place names a variable that is in scope, or a value that follows the pattern:
/// `sentence!("in {room}", room = self.room())`. Values are whatever can be said (`ToValue`).
#[proc_macro]
pub fn sentence(input: TokenStream) -> TokenStream {
    let call = parse_macro_input!(input as Call);
    call.expand().unwrap_or_else(Error::into_compile_error).into()
}

/// `node_core::sentence::Say` and `ToValue` for an error, from the same `#[error("…")]` that `thiserror` makes its `Display` of.
#[proc_macro_derive(Say, attributes(error))]
pub fn derive_say(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    say(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// What stands between the parentheses of `sentence!`.
struct Call {
    pattern: LitStr,
    values: Vec<(Ident, Expr)>,
}

impl Parse for Call {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let pattern = input.parse()?;
        let mut values = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let name = input.parse()?;
            input.parse::<Token![=]>()?;
            values.push((name, input.parse()?));
        }
        Ok(Self { pattern, values })
    }
}

impl Call {
    fn expand(&self) -> Result<Tokens> {
        let names = places(&self.pattern)?;
        if let Some((name, _)) = self.values.iter().find(|(name, _)| !names.contains(&name.to_string())) {
            return Err(Error::new(name.span(), "the pattern has no such place"));
        }
        let value = |name: &String| {
            if let Some((_, value)) = self.values.iter().find(|(given, _)| given == name) {
                return Ok(quote!(&(#value)));
            }
            let name = ident(name, &self.pattern)?;
            Ok(quote!(&#name))
        };
        let values = names.iter().map(value).collect::<Result<Vec<_>>>()?;
        Ok(made(&self.pattern, &names, &values))
    }
}

fn say(input: &DeriveInput) -> Result<Tokens> {
    let (name, (generics, arguments, bounds)) = (&input.ident, input.generics.split_for_impl());
    let arms = match &input.data {
        Data::Enum(data) => {
            let arm = |variant: &syn::Variant| {
                let name = &variant.ident;
                arm(&quote!(Self::#name), name, &variant.attrs, &variant.fields)
            };
            data.variants.iter().map(arm).collect::<Result<Vec<_>>>()?
        }
        Data::Struct(data) => vec![arm(&quote!(Self), name, &input.attrs, &data.fields)?],
        Data::Union(_) => return Err(Error::new(name.span(), "a union says nothing")),
    };
    Ok(quote! {
        impl #generics ::node_core::sentence::Say for #name #arguments #bounds {
            fn say(&self) -> ::node_core::sentence::Sentence {
                match self { #(#arms)* }
            }
        }

        impl #generics ::node_core::sentence::ToValue for #name #arguments #bounds {
            fn to_value(&self) -> ::node_core::sentence::Value {
                ::node_core::sentence::Value::Sentence(::node_core::sentence::Say::say(self))
            }
        }
    })
}

/// One arm of the match: the variant at `path` and what it says.
fn arm(path: &Tokens, name: &Ident, attributes: &[Attribute], fields: &Fields) -> Result<Tokens> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("error"));
    let attribute = attribute.ok_or_else(|| Error::new(name.span(), "this needs #[error(\"…\")]"))?;
    if attribute.parse_args::<Ident>().is_ok_and(|word| word == "transparent") {
        return Ok(quote!(#path(inner) => ::node_core::sentence::Say::say(inner),));
    }
    let pattern = attribute.parse_args::<LitStr>()?;
    let names = places(&pattern)?;
    let bound = |field: &Ident| names.contains(&field.to_string());
    let bindings = match fields {
        Fields::Unit => quote!(),
        Fields::Named(fields) => {
            let used = fields.named.iter().filter_map(|field| field.ident.as_ref()).filter(|field| bound(field));
            quote!({ #(#used,)* .. })
        }
        Fields::Unnamed(fields) => {
            let each = (0..fields.unnamed.len()).map(|index| {
                let used = names.contains(&index.to_string());
                if used {
                    let name = numbered(index);
                    quote!(#name)
                } else {
                    quote!(_)
                }
            });
            let each: Punctuated<Tokens, Token![,]> = each.collect();
            quote!((#each))
        }
    };
    let value = |name: &String| {
        if let Ok(index) = name.parse() {
            let name = numbered(index);
            return Ok(quote!(#name));
        }
        // A field, which is bound as a reference, or a constant.
        let is_field = fields.iter().any(|field| field.ident.as_ref().is_some_and(|field| field == name));
        let name = ident(name, &pattern)?;
        Ok(if is_field { quote!(#name) } else { quote!(&#name) })
    };
    let values = names.iter().map(value).collect::<Result<Vec<_>>>()?;
    let sentence = made(&pattern, &names, &values);
    Ok(quote!(#path #bindings => #sentence,))
}

/// The variable, field or constant that a place names.
fn ident(name: &str, pattern: &LitStr) -> Result<Ident> {
    let parsed = syn::parse_str::<Ident>(name);
    let mut ident = parsed.map_err(|_| Error::new(pattern.span(), format!("{name} is not the name of a value")))?;
    ident.set_span(pattern.span());
    Ok(ident)
}

fn numbered(index: usize) -> Ident {
    format_ident!("field_{index}")
}

/// The call that makes the sentence at run time.
fn made(pattern: &LitStr, names: &[String], values: &[Tokens]) -> Tokens {
    quote! {
        ::node_core::sentence::Sentence::new(#pattern, [
            #((#names, ::node_core::sentence::ToValue::to_value(#values)),)*
        ])
    }
}

/// The names in the places of a pattern, each once.
fn places(pattern: &LitStr) -> Result<Vec<String>> {
    let text = pattern.value();
    let mut names: Vec<String> = Vec::new();
    let mut pieces = text.split('{');
    let wrong = |why| Error::new(pattern.span(), why);
    if pieces.next().is_some_and(|before| before.contains('}')) {
        return Err(wrong("a brace is closed that was not opened"));
    }
    for piece in pieces {
        let (name, after) = piece.split_once('}').ok_or_else(|| wrong("a brace is not closed"))?;
        let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.is_empty() || !plain(name) || after.contains('}') {
            return Err(wrong("a place is a name or a number between braces, and nothing else"));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
