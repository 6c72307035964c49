//! Keeps a processor busy, and perhaps memory: `works NAME TIMES [MIB]`, see ../work.rs.

#[path = "../work.rs"]
mod work;

fn run(context: &podhook::Context) -> podhook::Result {
    let mut words = context.args.iter();
    let name = words.next().map_or("", String::as_str);
    let times = words.next().and_then(|word| word.parse().ok()).unwrap_or(1);
    let mib: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let touched = std::hint::black_box(vec![1_u8; mib << 20]);
    match work::ALL.contains(&name) && touched.len() == mib << 20 {
        true => {
            std::hint::black_box(work::work(name, times));
            Ok(())
        }
        false => Err(podhook::Error::invalid_input(
            "hash, json, sieve, float or chase",
        )),
    }
}

#[podhook::post_start]
fn post_start(context: podhook::Context) -> podhook::Result {
    run(&context)
}

#[podhook::pre_stop]
fn pre_stop(context: podhook::Context) -> podhook::Result {
    run(&context)
}
