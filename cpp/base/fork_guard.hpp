// Makes shared state consistent across fork(), and resets it in the child.
#pragma once

#include <cstdint>

namespace authjwks {

/// State with a lock that threads share and that a forked process inherits.
class ForkAware {
  public:
    ForkAware() = default;
    ForkAware(const ForkAware&) = delete;
    ForkAware& operator=(const ForkAware&) = delete;
    virtual ~ForkAware() = default;

    /// Takes the lock, so that the state is consistent; called in the order of ranks.
    virtual void before_fork() = 0;
    /// Releases it.
    virtual void after_fork_in_parent() = 0;
    /// The same in the child, where only the forking thread exists: the work of other threads is dropped.
    virtual void after_fork_in_child() = 0;
};

/// Calls them around every fork() of the process.
class ForkGuard {
  public:
    /// The order in which locks are taken: while one is held, only those of later ranks may be taken.
    enum class Rank : std::uint8_t { registry, source, scheduler, token_cache, crypto };

    static void add(ForkAware& state, Rank rank);
    static void remove(ForkAware& state);
};

}  // namespace authjwks
