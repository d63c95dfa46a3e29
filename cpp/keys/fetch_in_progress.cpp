#include "keys/fetch_in_progress.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace authjwks {
namespace {

constexpr Clock::duration kBetweenInterruptChecks = std::chrono::milliseconds(50);

}  // namespace

bool FetchInProgress::is_awaitable(Tick now) const {
    return current_ && now < current_->deadline && current_->runner != std::this_thread::get_id();
}

void FetchInProgress::start(Need need, bool past_caches, Tick deadline) {
    current_ = Fetch{++last_id_, need, past_caches, deadline};
}

FetchInProgress::Id FetchInProgress::run() {
    current_->runner = std::this_thread::get_id();
    return current_->id;
}

bool FetchInProgress::complete(Id id) {
    if (!current_ || current_->id != id) {
        abandoned_ -= std::min<std::size_t>(abandoned_, 1);
        return false;
    }
    end();
    return true;
}

void FetchInProgress::abandon() {
    if (is_running()) ++abandoned_;
    end();
}

void FetchInProgress::end() {
    current_.reset();
    ended_.notify_all();
}

bool FetchInProgress::wait(Lock& lock, Clock::duration at_most, const Interrupted& interrupted) {
    const auto ended = [this, id = current_->id] { return !current_ || current_->id != id; };
    if (!interrupted) return ended_.wait_for(lock, at_most, ended);
    while (at_most > Clock::duration::zero()) {
        const auto slice = std::min(at_most, kBetweenInterruptChecks);
        if (ended_.wait_for(lock, slice, ended)) return true;
        lock.unlock();
        const bool stop = interrupted();
        lock.lock();
        if (stop) break;
        at_most -= slice;
    }
    return ended();
}

/// The condition variable may have waiters that no longer exist, so it is not destroyed either.
void FetchInProgress::reset_after_fork() {
    std::construct_at(&ended_);
    current_.reset();
    abandoned_ = 0;
}

}  // namespace authjwks
