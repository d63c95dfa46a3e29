// Keeps fork() from catching shared state in the middle of a step, and lets it begin anew in the child.
#pragma once

#include <cstdint>

namespace authjwks {

/// State with a lock, that threads share and a forked process inherits.
class ForkAware {
  public:
    ForkAware() = default;
    ForkAware(const ForkAware&) = delete;
    ForkAware& operator=(const ForkAware&) = delete;
    virtual ~ForkAware() = default;

    /// Takes the lock, so that nothing is half done; called in the order of ranks.
    virtual void before_fork() = 0;
    /// Gives it back.
    virtual void after_fork_in_parent() = 0;
    /// The same in the child, where only the forking thread lives on: what other threads were at is dropped.
    virtual void after_fork_in_child() = 0;
};

/// Calls them around every fork() of the process.
class ForkGuard {
  public:
    /// The order in which locks may be taken while another is held.
    enum class Rank : std::uint8_t { registry, source, scheduler, token_cache, openssl };

    static void add(ForkAware& state, Rank rank);
    static void remove(ForkAware& state);
};

}  // namespace authjwks
