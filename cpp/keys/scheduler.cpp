#include "keys/scheduler.hpp"

#include <csignal>
#include <memory>
#include <system_error>
#include <utility>

#include <pthread.h>

#include "keys/key_source.hpp"

namespace authjwks {
namespace {

/// Blocks all signals while threads are started, so that only the interpreter's threads get them.
class WithoutSignals {
  public:
    WithoutSignals() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    WithoutSignals(const WithoutSignals&) = delete;
    WithoutSignals& operator=(const WithoutSignals&) = delete;

  private:
    sigset_t before_{};
};

/// Made at load time: a fork holds the lock that registration takes while it waits for those of sources.
[[maybe_unused]] const Scheduler& made_at_load = Scheduler::of_this_process();

}  // namespace

Scheduler& Scheduler::of_this_process() noexcept {
    static Scheduler* const only = [] {
        auto* const made = std::make_unique<Scheduler>().release();
        ForkGuard::add(*made, ForkGuard::Rank::scheduler);
        return made;
    }();
    return *only;
}

bool Scheduler::wake(const std::shared_ptr<KeySource>& source, Tick at) {
    const Lock lock(mutex_);
    if (is_stopping()) return false;
    const auto [task, is_new] = tasks_.try_emplace(source.get(), Task{source, at});
    if (!is_new) by_time_.erase({task->second.at, source.get()});
    task->second.at = at;
    by_time_.emplace(at, source.get());
    return ensure_threads(Clock::now());
}

void Scheduler::cancel(const KeySource& source) {
    const Lock lock(mutex_);
    if (const auto task = tasks_.find(&source); task != tasks_.end()) static_cast<void>(take(task));
}

/// Starts threads so that there is one for each task that is due, and one that waits for the others.
bool Scheduler::ensure_threads(Tick now) {
    std::size_t due = 0;
    for (auto next = by_time_.begin(); next != by_time_.end() && next->first <= now && due <= idle_; ++next) ++due;
    if (threads_.empty() || (due > idle_ && threads_.size() < kMaxThreads)) {
        try {
            const WithoutSignals meanwhile;
            threads_.emplace_back(&Scheduler::work, this);
        } catch (const std::system_error&) {
            if (threads_.empty()) return false;
        }
    }
    changed_.notify_one();
    return true;
}

/// Removes a task. @return its source; null if it is being destroyed.
std::shared_ptr<KeySource> Scheduler::take(Tasks::iterator task) {
    auto source = task->second.source.lock();
    by_time_.erase({task->second.at, task->first});
    tasks_.erase(task);
    return source;
}

void Scheduler::work() {
    Lock lock(mutex_);
    while (!is_stopping()) {
        const bool none = by_time_.empty();
        if (none || by_time_.begin()->first > Clock::now()) {
            ++idle_;
            none ? changed_.wait(lock) : static_cast<void>(changed_.wait_until(lock, Tick(by_time_.begin()->first)));
            --idle_;
            continue;
        }
        auto source = take(tasks_.find(by_time_.begin()->second));
        lock.unlock();
        if (source) source->run_due_work();
        source.reset();  // possibly the last owner; the destructor takes the lock
        lock.lock();
    }
}

void Scheduler::stop() {
    std::vector<std::thread> threads;
    {
        const Lock lock(mutex_);
        stopping_.store(true, std::memory_order_relaxed);
        threads.swap(threads_);
        changed_.notify_all();
    }
    for (std::thread& thread : threads) thread.join();
}

/// The threads do not exist in the child, so their objects must be neither joined nor destroyed.
void Scheduler::after_fork_in_child() {
    std::construct_at(&changed_);
    std::construct_at(&threads_);
    tasks_.clear();
    by_time_.clear();
    idle_ = 0;
    mutex_.unlock();
}

}  // namespace authjwks
