#include "crypto/fork_safe_section.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include <openssl/err.h>

#include "base/fork_guard.hpp"
#include "crypto/library.hpp"

namespace authjwks::crypto {
namespace {

/// One lock for each thread that uses the library, so that threads do not contend: only fork() takes all of them.
class ThreadLocks : public ForkAware {
  public:
    /// Never destroyed: threads use it until their very end.
    static ThreadLocks& of_this_process() noexcept {
        static ThreadLocks* const only = [] {
            auto* const made = std::make_unique<ThreadLocks>().release();
            ForkGuard::add(*made, ForkGuard::Rank::crypto);
            return made;
        }();
        return *only;
    }

    std::mutex* add() {
        const std::scoped_lock lock(mutex_);
        return locks_.emplace_back(std::make_unique<std::mutex>()).get();
    }
    void remove(const std::mutex* removed) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(locks_, [removed](const auto& each) { return each.get() == removed; });
    }
    /// For threads whose own lock has been removed already.
    std::mutex* of_ending_threads() { return &lock_of_ending_threads_; }

    void before_fork() override {
        mutex_.lock();
        lock_of_ending_threads_.lock();
        for (const auto& lock : locks_) lock->lock();
    }
    void after_fork_in_parent() override {
        for (const auto& lock : locks_) lock->unlock();
        lock_of_ending_threads_.unlock();
        mutex_.unlock();
    }
    void after_fork_in_child() override;

  private:
    std::mutex mutex_;  // guards locks_
    std::mutex lock_of_ending_threads_;
    std::vector<std::unique_ptr<std::mutex>> locks_;
};

/// Made when the program is loaded: a fork holds the lock that registration takes while it waits for the others.
[[maybe_unused]] const ThreadLocks& made_at_load = ThreadLocks::of_this_process();

// Plain values, so that they outlive every object of the thread that has a destructor.
thread_local std::mutex* lock_of_this_thread = nullptr;
thread_local unsigned int section_depth = 0;
thread_local bool has_ended = false;

/// The forking thread is the only one in the child.
void ThreadLocks::after_fork_in_child() {
    for (const auto& lock : locks_) lock->unlock();
    std::erase_if(locks_, [](const auto& lock) { return lock.get() != lock_of_this_thread; });
    lock_of_ending_threads_.unlock();
    mutex_.unlock();
}

/// A thread's registration among the locks, for as long as the thread runs.
class Registration {
  public:
    Registration() {
        lock_of_this_thread = ThreadLocks::of_this_process().add();
        const std::scoped_lock lock(*lock_of_this_thread);
        ERR_clear_error();  // makes the thread's error queue, for which AWS-LC takes a lock
    }
    ~Registration() {
        {
            const ForkSafeSection section;
            library::end_thread();
            has_ended = true;
        }
        const std::mutex* const removed = lock_of_this_thread;
        lock_of_this_thread = ThreadLocks::of_this_process().of_ending_threads();
        ThreadLocks::of_this_process().remove(removed);
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
};

}  // namespace

ForkSafeSection::ForkSafeSection() {
    if (section_depth++ > 0) return;
    if (lock_of_this_thread == nullptr) {
        thread_local const Registration registration;
        static_cast<void>(registration);
    }
    lock_of_this_thread->lock();
}

ForkSafeSection::~ForkSafeSection() {
    // Peeking first: clearing takes ten times as long. Once the thread's queue is freed, either would make another.
    if (!has_ended && ERR_peek_error() != 0) ERR_clear_error();
    if (--section_depth == 0) lock_of_this_thread->unlock();
}

}  // namespace authjwks::crypto
