#include "keys/scheduler.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <system_error>
#include <utility>

#include <pthread.h>

#include "keys/key_source.hpp"

namespace authjwks {
namespace {

/// Blocks all signals while threads are started, so that they stay with the interpreter's own.
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

}  // namespace

Scheduler& Scheduler::of_this_process() {
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
    const auto same = [&source](const Appointment& agreed) {
        return !agreed.source.owner_before(source) && !source.owner_before(agreed.source);
    };
    const auto agreed = std::ranges::find_if(appointments_, same);
    if (agreed == appointments_.end())
        appointments_.push_back({source, at});
    else
        agreed->at = at;
    return staff(Clock::now());
}

/// Sees to it that there is a thread for every appointment that is due, and one to wait for the others.
bool Scheduler::staff(Tick now) {
    const auto due =
        std::ranges::count_if(appointments_, [now](const Appointment& agreed) { return agreed.at <= now; });
    if (threads_.empty() || (std::cmp_greater(due, idle_) && threads_.size() < kMaxThreads)) {
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

void Scheduler::work() {
    Lock lock(mutex_);
    while (!is_stopping()) {
        const auto next = std::ranges::min_element(appointments_, {}, &Appointment::at);
        const bool none = next == appointments_.end();
        if (none || next->at > Clock::now()) {
            ++idle_;
            none ? changed_.wait(lock) : static_cast<void>(changed_.wait_until(lock, Tick(next->at)));
            --idle_;
            continue;
        }
        auto source = next->source.lock();
        appointments_.erase(next);
        lock.unlock();
        if (source) source->tick();
        source.reset();  // may be the last owner, and its end needs no lock of ours
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

/// The threads are gone, and what is left of them must be neither joined nor destroyed.
void Scheduler::after_fork_in_child() {
    std::construct_at(&changed_);
    std::construct_at(&threads_);
    appointments_.clear();
    idle_ = 0;
    mutex_.unlock();
}

}  // namespace authjwks
