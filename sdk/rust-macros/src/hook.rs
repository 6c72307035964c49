//! A function marked as a hook: what it must look like, and the line added to it.
//!
//! Does not know what the added macro does; that is the SDK's.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, ReturnType, Safety, Signature};

/// The function as it was, followed by its export or by what is wrong with it.
pub(crate) fn expand(attribute: &str, args: &TokenStream, item: &TokenStream) -> TokenStream {
    let added = match syn::parse2::<ItemFn>(item.clone()) {
        Err(_) => not_a_function(attribute, item).to_compile_error(),
        Ok(hook) => match misuse(attribute, args, &hook.sig) {
            Some(error) => error.to_compile_error(),
            None => export(attribute, &hook.sig),
        },
    };
    quote!(#item #added)
}

fn not_a_function(attribute: &str, item: &TokenStream) -> Error {
    Error::new_spanned(
        item,
        format!("`#[{attribute}]` goes on a function with a body"),
    )
}

/// Everything wrong with the function at once, so that one build shows it all.
fn misuse(attribute: &str, args: &TokenStream, sig: &Signature) -> Option<Error> {
    [
        arguments_to_attribute(attribute, args),
        asynchronous(sig),
        unsafe_to_call(sig),
        generic(sig),
        method(sig),
        too_many_arguments(sig),
        nothing_returned(sig),
    ]
    .into_iter()
    .flatten()
    .reduce(|mut all, next| {
        all.combine(next);
        all
    })
}

fn arguments_to_attribute(attribute: &str, args: &TokenStream) -> Option<Error> {
    let text = format!(
        "`#[{attribute}]` takes no arguments: settings are given when the hook is run \
         (`podhook run --config KEY=VALUE`) and read with `podhook::config::get`"
    );
    (!args.is_empty()).then(|| Error::new_spanned(args, text))
}

fn asynchronous(sig: &Signature) -> Option<Error> {
    let text = "a hook is not async: the host waits for it to return, so remove `async` and block";
    sig.asyncness
        .as_ref()
        .map(|word| Error::new_spanned(word, text))
}

fn unsafe_to_call(sig: &Signature) -> Option<Error> {
    let text = "a hook is called from safe code: remove `unsafe`, and use it inside";
    matches!(sig.safety, Safety::Unsafe(_)).then(|| Error::new_spanned(&sig.safety, text))
}

fn generic(sig: &Signature) -> Option<Error> {
    let text =
        "a hook has no generic parameters: nobody could choose them; take `podhook::Context`";
    let params = &sig.generics.params;
    (!params.is_empty()).then(|| Error::new_spanned(params, text))
}

fn method(sig: &Signature) -> Option<Error> {
    let text =
        "a hook is a free function: there is no `self` to call it on, so move it out of the impl";
    sig.receiver()
        .map(|receiver| Error::new_spanned(receiver, text))
}

fn too_many_arguments(sig: &Signature) -> Option<Error> {
    let text = "a hook takes one argument at most, a `podhook::Context`: the words of the \
                command line are in `Context::args`";
    sig.inputs
        .iter()
        .filter(is_typed)
        .nth(1)
        .map(|second| Error::new_spanned(second, text))
}

fn is_typed(arg: &&FnArg) -> bool {
    matches!(arg, FnArg::Typed(_))
}

fn nothing_returned(sig: &Signature) -> Option<Error> {
    let text = "a hook returns a result: add `-> podhook::Result` and end with `Ok(())`";
    matches!(sig.output, ReturnType::Default).then(|| Error::new(sig.ident.span(), text))
}

/// One call of the SDK's macro, with a closure of the one shape it expects. What the
/// compiler then has to say about the types is said where the author wrote them.
fn export(attribute: &str, sig: &Signature) -> TokenStream {
    let (name, exporter) = (&sig.ident, format_ident!("export_{attribute}"));
    let ctx = Ident::new("ctx", Span::mixed_site());
    let passed = sig.inputs.first().map(|arg| {
        let ctx = respan(&ctx, arg.span());
        quote_spanned!(arg.span()=> ::podhook::__private::Argument::of(#ctx))
    });
    let call = quote_spanned!(name.span()=> #name(#passed));
    let ignored = passed.is_none().then(|| quote!(let _ = #ctx;));
    quote!(::podhook::__private::#exporter! { |#ctx| { #ignored #call } })
}

fn respan(ident: &Ident, span: Span) -> TokenStream {
    let mut moved = ident.clone();
    moved.set_span(span.resolved_at(ident.span()));
    moved.into_token_stream()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(args: &str, item: &str) -> String {
        let parse = |text: &str| text.parse::<TokenStream>().unwrap();
        expand("pre_stop", &parse(args), &parse(item)).to_string()
    }

    #[test]
    fn the_function_stays_as_written() {
        let item = "fn drain (ctx : Context) -> podhook :: Result { Ok (()) }";
        assert!(expanded("", item).starts_with(item));
    }

    #[test]
    fn the_export_calls_the_function() {
        let with = expanded("", "fn drain(c: Context) -> podhook::Result { Ok(()) }");
        assert!(
            with.ends_with(
                ":: podhook :: __private :: export_pre_stop ! { | ctx | { drain (:: podhook :: __private :: Argument :: of (ctx)) } }"
            )
        );
        let without = expanded("", "fn drain() -> podhook::Result { Ok(()) }");
        assert!(without.ends_with("{ | ctx | { let _ = ctx ; drain () } }"));
    }

    #[test]
    fn misuse_is_told_with_a_hint() {
        let cases = [
            ("twice", "fn f() -> R { r }", "takes no arguments"),
            ("", "async fn f() -> R { r }", "remove `async`"),
            ("", "unsafe fn f() -> R { r }", "remove `unsafe`"),
            ("", "fn f<T>(c: T) -> R { r }", "no generic parameters"),
            ("", "fn f(&self) -> R { r }", "no `self`"),
            (
                "",
                "fn f(c: Context, n: u32) -> R { r }",
                "one argument at most",
            ),
            ("", "fn f() { }", "add `-> podhook::Result`"),
            ("", "struct S;", "goes on a function"),
        ];
        for (args, item, hint) in cases {
            let text = expanded(args, item);
            assert!(
                text.contains("compile_error") && text.contains(hint),
                "{item}: {text}"
            );
            assert!(!text.contains("__private"), "{item}: {text}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let text = expanded("x", "async fn f<T>(a: T, b: T) { }");
        assert_eq!(text.matches("compile_error").count(), 5);
    }
}
