//! The same work for many things, on as many threads as are worth it.

use crate::sys::platform;
use anyhow::Result;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::{iter, thread};

/// Fewer things than this are done before a thread has started.
pub(crate) const WORTH_A_THREAD: usize = 64;

/// File systems take locks, so that further threads only wait.
const MOST_THREADS: usize = 4;

/// Returns how many threads run at the same time here, a quota of their time considered.
pub(crate) fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// Returns how many threads at most are worth it where they work in the same file system.
pub(crate) fn most_threads() -> usize {
    platform::cores().min(MOST_THREADS)
}

/// Runs `work` on this thread and on `others` further ones, as far as the system lets it have them.
pub(crate) fn together<R: Send>(others: usize, work: impl Fn() -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, &work).ok();
        let others: Vec<_> = (0..others).filter_map(start).collect();
        let mut made = vec![work()];
        for other in others {
            made.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    })
}

/// Does `work` for each item, in no order.
///
/// # Errors
/// The first of one thread's; other threads may have gone on.
pub(crate) fn for_each<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let threads = most_threads().min(items.len() / WORTH_A_THREAD).max(1);
    let next = AtomicUsize::new(0);
    let outcomes = together(threads - 1, || taken(items, &next).try_for_each(&work));
    outcomes.into_iter().collect()
}

/// Returns the items that nobody else takes.
fn taken<'a, T>(items: &'a [T], next: &'a AtomicUsize) -> impl Iterator<Item = &'a T> {
    iter::from_fn(|| items.get(next.fetch_add(1, Ordering::Relaxed)))
}

/// Returns what `work` makes of each item, in no order: on all cores, for work that is more than waiting for a file system
/// and takes longer for one item than for another.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (made, _) = map_with(items, || (), |(), item| work(item));
    made
}

/// Does what [`map`] does with something that each thread has for itself and keeps from one item to the next; returns those
/// things too.
pub(crate) fn map_with<T: Sync, S: Send, R: Send>(
    items: &[T],
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> (Vec<R>, Vec<S>) {
    let next = AtomicUsize::new(0);
    let threads = threads().min(items.len()).max(1);
    let made = together(threads - 1, || {
        let mut own = start();
        let made: Vec<R> = taken(items, &next)
            .map(|item| work(&mut own, item))
            .collect();
        (made, own)
    });
    let (made, owns): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    (made.into_iter().flatten().collect(), owns)
}

/// Work that is found while work is done.
#[derive(Debug)]
struct Queue<T> {
    /// The next one is the last, so that few are there at a time.
    items: Vec<T>,
    /// How many items threads are working on.
    unfinished: usize,
}

/// Does `work` for each item and for those that it returns, in no order.
pub(crate) fn spread<T: Send>(items: Vec<T>, work: impl Fn(T) -> Vec<T> + Sync) {
    let unfinished = 0;
    let (queue, wake) = (Mutex::new(Queue { items, unfinished }), Condvar::new());
    let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let next = || {
        let is_to_wait = |queue: &mut Queue<T>| queue.items.is_empty() && queue.unfinished > 0;
        let queue = wake.wait_while(lock(), is_to_wait);
        let mut queue = queue.unwrap_or_else(PoisonError::into_inner);
        let item = queue.items.pop()?;
        queue.unfinished += 1;
        Some(item)
    };
    together(most_threads() - 1, || {
        while let Some(item) = next() {
            let found = work(item);
            let mut queue = lock();
            queue.items.extend(found);
            queue.unfinished -= 1;
            drop(queue);
            wake.notify_all();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn nothing_is_left_out_or_done_twice() {
        for count in [0, 1, 63, 64, 127, 128, 129, 1000] {
            let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            for_each(&done, |item| {
                item.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
            assert!(
                done.iter().all(|item| item.load(Ordering::Relaxed) == 1),
                "{count}"
            );
        }
    }

    #[test]
    fn one_failure_is_enough() {
        let items: Vec<usize> = (0..1000).collect();
        let fail_at = |at: usize| {
            for_each(
                &items,
                |item| if *item == at { bail!("{at}") } else { Ok(()) },
            )
        };
        assert!([0, 500, 999].into_iter().all(|at| fail_at(at).is_err()));
        assert!(fail_at(1000).is_ok());
    }

    #[test]
    fn everything_is_mapped_once() {
        for count in [0, 1, 2, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut doubled = map(&items, |item| item * 2);
            doubled.sort_unstable();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(doubled, expected);
        }
    }

    #[test]
    fn what_a_thread_has_for_itself_sees_each_of_its_items() {
        let items: Vec<usize> = (0..1000).collect();
        let (made, owns) = map_with(
            &items,
            || 0,
            |own: &mut usize, item| {
                *own += item;
                *item
            },
        );
        assert_eq!(made.len(), items.len());
        assert_eq!(owns.iter().sum::<usize>(), items.iter().sum::<usize>());
    }

    #[test]
    fn what_is_found_on_the_way_is_done_too() {
        let done: Vec<AtomicUsize> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
        spread(vec![1], |number: usize| {
            done[number].fetch_add(1, Ordering::Relaxed);
            let below = [2 * number, 2 * number + 1].into_iter();
            below.filter(|number| *number < done.len()).collect()
        });
        assert!(
            done[1..]
                .iter()
                .all(|item| item.load(Ordering::Relaxed) == 1)
        );
        spread(Vec::<usize>::new(), |_| unreachable!());
    }
}
