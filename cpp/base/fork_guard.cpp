#include "base/fork_guard.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <ranges>
#include <vector>

#include <pthread.h>

namespace authjwks {
namespace {

struct Entry {
    ForkGuard::Rank rank;
    ForkAware* state;
};

/// Its own lock comes before all others.
struct Registry {
    std::mutex mutex;
    std::vector<Entry> entries;  // sorted by rank
};

/// Never destroyed: fork() may come after static destructors have begun.
Registry& registry() {
    static auto& only = *std::make_unique<Registry>().release();
    return only;
}

void before() {
    registry().mutex.lock();
    for (const Entry& entry : registry().entries) entry.state->before_fork();
}

void after_in_parent() {
    for (const Entry& entry : registry().entries | std::views::reverse) entry.state->after_fork_in_parent();
    registry().mutex.unlock();
}

void after_in_child() {
    for (const Entry& entry : registry().entries | std::views::reverse) entry.state->after_fork_in_child();
    registry().mutex.unlock();
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
