// The threads that fetch keys: started on first use, at most a few, pure C++ and gone before the process ends.
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
    /// How many fetches go on at once; more wait for their turn.
    static constexpr std::size_t kMaxThreads = 8;

    /// Never destroyed, as threads may still use it when static destructors run; stop() ends it.
    static Scheduler& of_this_process() noexcept;

    /// Has source.run_due_work() called at `at`; replaces what was agreed for this source before. @return false after
    /// stop(), or when no thread can be started.
    bool wake(const std::shared_ptr<KeySource>& source, Tick at);

    /// Takes back what was agreed for this source, if anything was.
    void cancel(const KeySource& source);

    /// Ends all threads and waits for them; fetches in progress see is_stopping() and give up.
    void stop();
    bool is_stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  private:
    using Lock = std::unique_lock<std::mutex>;
    struct Appointment {
        std::weak_ptr<KeySource> source;
        Tick at;
    };
    using Appointments = std::map<const KeySource*, Appointment>;

    bool ensure_threads(Tick now);
    std::shared_ptr<KeySource> take(Appointments::iterator appointment);
    void work();
    void before_fork() override { mutex_.lock(); }
    void after_fork_in_parent() override { mutex_.unlock(); }
    void after_fork_in_child() override;

    std::atomic<bool> stopping_{false};
    std::mutex mutex_;  // guards all below
    std::condition_variable changed_;
    Appointments appointments_;
    std::set<std::pair<Tick, const KeySource*>> by_time_;  // one entry for each appointment
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
};

}  // namespace authjwks
