#include "base/fork_guard.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include <pthread.h>

namespace authjwks {
namespace {

struct Entry {
    ForkGuard::Rank rank;
    ForkAware* state;
};

/// Its own lock is taken before all others.
struct Registry {
    std::mutex mutex;
    std::vector<Entry> entries;  // sorted by rank
};

/// Never destroyed: fork() may be called after static destructors have begun.
Registry& registry() {
    static auto& only = *std::make_unique<Registry>().release();
    return only;
}

void before() {
    registry().mutex.lock();
    for (const Entry& entry : registry().entries) entry.state->before_fork();
}

/// Releases in the reverse order of before().
template <class Release>
void release_all(Release release) {
    const auto& entries = registry().entries;
    for (std::size_t left = entries.size(); left > 0; --left) release(*entries[left - 1].state);
    registry().mutex.unlock();
}

void after_in_parent() {
    release_all([](ForkAware& state) { state.after_fork_in_parent(); });
}

void after_in_child() {
    release_all([](ForkAware& state) { state.after_fork_in_child(); });
}

}  // namespace

void ForkGuard::add(ForkAware& state, Rank rank) {
    static const int registered = pthread_atfork(&before, &after_in_parent, &after_in_child);
    static_cast<void>(registered);
    const std::scoped_lock lock(registry().mutex);
    auto& entries = registry().entries;
    entries.insert(std::ranges::upper_bound(entries, rank, {}, &Entry::rank), {rank, &state});
}

void ForkGuard::remove(ForkAware& state) {
    const std::scoped_lock lock(registry().mutex);
    std::erase_if(registry().entries, [&state](const Entry& entry) { return entry.state == &state; });
}

}  // namespace authjwks
