// A fork beside a process's first fetch: each test is the first thing that its process does.
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/fork_guard.hpp"
#include "keys/key_source.hpp"
#include "keys/scheduler.hpp"
#include "support/in_child.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

KeySourceDependencies scheduled_dependencies() {
    return {.label = "https://issuer.example/",
            .load = [](const LoadRequest&) -> Result<LoadedKeys, FetchFailure> { return FetchFault::unreachable; },
            .now = [] { return Clock::now(); },
            .jitter = [] { return 0.0; },
            .wake = [](const auto& source, Tick at) { return Scheduler::of_this_process().wake(source, at); }};
}

/// Starts the fetch while the fork holds the lock that all registration takes, and has not locked the source yet.
class FetchStarter : public ForkAware {
  public:
    FetchStarter() { ForkGuard::add(*this, ForkGuard::Rank::registry); }
    ~FetchStarter() override { ForkGuard::remove(*this); }

    void before_fork() override {
        started = std::async(std::launch::async, [this] { return source->obtain(WaitPolicy::never); });
        was_started_in_time = started.wait_for(10s) == std::future_status::ready;
    }
    void after_fork_in_parent() override {}
    void after_fork_in_child() override {}

    std::shared_ptr<KeySource> source = std::make_shared<KeySource>(KeyOptions{}, scheduled_dependencies());
    std::future<OrPending<Obtained>> started;
    bool was_started_in_time = false;
};

TEST(GivenAFork, AFirstFetchThatBeginsMeanwhileDoesNotWaitForIt) {
    alarm(60);  // it once hung for good
    FetchStarter starter;

    EXPECT_TRUE(support::holds_in_child([&starter] { return !starter.source->report().refreshing; }));

    EXPECT_TRUE(starter.was_started_in_time);
    Scheduler::of_this_process().stop();
}

}  // namespace
}  // namespace authjwks
