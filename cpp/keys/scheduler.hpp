// The threads that fetch keys: few, started on first use, pure C++, and joined before the process ends.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fork_guard.hpp"

namespace authjwks {

class KeySource;

class Scheduler : public ForkAware {
  public:
    /// How many fetches run at once; others are queued.
    static constexpr std::size_t kMaxThreads = 8;

    /// Never destroyed, as threads may still use it while static destructors run. stop() ends its threads.
    static Scheduler& of_this_process() noexcept;

    /// Schedules source.run_due_work() for `at`, in place of its former time. @return false after stop(), or when no
    /// thread can be started.
    bool wake(const std::shared_ptr<KeySource>& source, Tick at);

    /// Removes the task of this source, if there is one.
    void cancel(const KeySource& source);

    /// Ends all threads and waits for them; fetches in progress check is_stopping() and end.
    void stop();
    bool is_stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  private:
    using Lock = std::unique_lock<std::mutex>;
    struct Task {
        std::weak_ptr<KeySource> source;
        Tick at;
    };
    using Tasks = std::map<const KeySource*, Task>;

    bool ensure_threads(Tick now);
    std::shared_ptr<KeySource> take(Tasks::iterator task);
    void work();
    void before_fork() override { mutex_.lock(); }
    void after_fork_in_parent() override { mutex_.unlock(); }
    void after_fork_in_child() override;

    std::atomic<bool> stopping_{false};
    std::mutex mutex_;  // guards all below
    std::condition_variable changed_;
    Tasks tasks_;
    std::set<std::pair<Tick, const KeySource*>> by_time_;  // one entry for each task
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
};

}  // namespace authjwks
