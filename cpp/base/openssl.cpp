#include "base/openssl.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include <openssl/crypto.h>

#include "base/fork_guard.hpp"

namespace authjwks::ossl {
namespace {

/// One lock for each thread that has turns, so that they stay out of each other's way: only fork() takes them all.
class Doors : public ForkAware {
  public:
    /// Never destroyed: the last turns are those of threads that end.
    static Doors& of_this_process() noexcept {
        static Doors* const only = [] {
            auto* const made = std::make_unique<Doors>().release();
            ForkGuard::add(*made, ForkGuard::Rank::openssl);
            return made;
        }();
        return *only;
    }

    std::mutex* add() {
        const std::scoped_lock lock(mutex_);
        return doors_.emplace_back(std::make_unique<std::mutex>()).get();
    }
    void remove(const std::mutex* door) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(doors_, [door](const auto& each) { return each.get() == door; });
    }
    /// For what a thread still does after its own is gone.
    std::mutex* of_the_leaving() { return &last_door_; }

    void before_fork() override {
        mutex_.lock();
        last_door_.lock();
        for (const auto& door : doors_) door->lock();
    }
    void after_fork_in_parent() override {
        for (const auto& door : doors_) door->unlock();
        last_door_.unlock();
        mutex_.unlock();
    }
    void after_fork_in_child() override;

  private:
    std::mutex mutex_;  // guards doors_
    std::mutex last_door_;
    std::vector<std::unique_ptr<std::mutex>> doors_;
};

/// Made when the program is loaded: a fork holds the lock that registering takes while it waits for others.
[[maybe_unused]] const Doors& made_at_load = Doors::of_this_process();

// Plain values, so that they outlive every object of the thread that has a destructor.
thread_local std::mutex* door_of_this_thread = nullptr;
thread_local unsigned int turns_of_this_thread = 0;

/// Only this thread lives on.
void Doors::after_fork_in_child() {
    for (const auto& door : doors_) door->unlock();
    std::erase_if(doors_, [](const auto& door) { return door.get() != door_of_this_thread; });
    last_door_.unlock();
    mutex_.unlock();
}

/// A thread's stay among the doors.
class Stay {
  public:
    Stay() { door_of_this_thread = Doors::of_this_process().add(); }
    ~Stay() {
        {
            const Turn turn;
            OPENSSL_thread_stop();  // here, as OpenSSL's own way of doing it at a thread's end is no turn
        }
        const std::mutex* const door = door_of_this_thread;
        door_of_this_thread = Doors::of_this_process().of_the_leaving();
        Doors::of_this_process().remove(door);
    }
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;
};

}  // namespace

Turn::Turn() {
    if (turns_of_this_thread++ > 0) return;
    if (door_of_this_thread == nullptr) {
        thread_local const Stay stay;
        static_cast<void>(stay);
    }
    door_of_this_thread->lock();
}

Turn::~Turn() {
    if (ERR_peek_error() != 0) ERR_clear_error();  // which takes ten times as long
    if (--turns_of_this_thread == 0) door_of_this_thread->unlock();
}

void FreePkey::operator()(EVP_PKEY* pkey) const noexcept {
    const Turn turn;
    EVP_PKEY_free(pkey);
}

}  // namespace authjwks::ossl
