// Whether a source of keys keeps its promises whatever callers, threads, clock and issuer do, in any order.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>

#include "keys/key_source.hpp"
#include "support/byte_reader.hpp"
#include "support/expect.hpp"
#include "support/key_source_model.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSteps = 200;
constexpr int kDeepest = 3;  // loads within loads
constexpr std::array<Clock::duration, 8> kStretches{1ns, 1ms, 300ms, 1s, 10s, 1min, 10min, 6h};

/// Where threads are to be woken, a caller waits for them in real time.
KeyOptions options_of(fuzz::ByteReader& input, bool wakes) {
    constexpr std::array<Clock::duration, 4> ttls{900s, 60s, 1s, 4h}, stales{24h, 0s, 1s, 1h},
        cooldowns{30s, 10s, 1s, 5min};
    return {.ttl = ttls[input.choice(4)],
            .max_stale = stales[input.choice(4)],
            .cooldown = cooldowns[input.choice(4)],
            .timeout = wakes ? std::array<Clock::duration, 2>{0s, 1us}[input.choice(2)]
                             : std::array<Clock::duration, 2>{5s, 1s}[input.choice(2)]};
}

class World {
  public:
    explicit World(fuzz::ByteReader& input)
        : input_(input), wakes_(input.flag()), options_(options_of(input, wakes_)), model_(options_, now_) {
        KeySourceDependencies dependencies{.label = "https://issuer.example/"};
        dependencies.load = [this](const LoadRequest& request) { return load(request); };
        dependencies.now = [this] { return now_; };
        dependencies.jitter = [this] { return input_.byte() / 256.0; };
        if (wakes_) dependencies.wake = [this](const std::shared_ptr<KeySource>&, Tick at) { return wake(at); };
        source_ = std::make_shared<KeySource>(options_, std::move(dependencies));
    }

    void run() {
        for (std::size_t step = 0; step < kSteps && !input_.empty(); ++step) act();
    }

  private:
    void act() {
        switch (input_.choice(10)) {
            case 0: return obtain();
            case 1: return renew();
            case 2: return source_->wait();
            case 3: return refresh();
            case 4: return source_->run_due_work();
            case 5: return pass();
            case 6: return look();
            case 7:
                if (source_->has_due_work()) source_->run_due_work();
                return;
            case 8:
                if (const auto keys = source_->ready()) model_.serves(keys, now_);
                return;
            case 9: return input_.byte() < 4 ? close() : obtain();
        }
    }

    void pass() { now_ += kStretches[input_.choice(kStretches.size())] * (1 + input_.byte() % 16); }

    bool wake(Tick at) {
        const bool can = input_.byte() % 16 != 0;
        // Wanted at this very moment, it is for a fetch that was started just now, which fails with it.
        if (!can && at == now_) model_.wake_fails(now_);
        return can;
    }

    Result<LoadedKeys, FetchFault> load(const LoadRequest& request) {
        model_.load_begins(request.no_cache, now_);
        if (input_.byte() % 4 == 0) pass();
        if (depth_ < kDeepest && input_.byte() % 4 == 0) {
            ++depth_;
            for (auto left = input_.choice(4); left > 0; --left) act();
            --depth_;
        }
        const auto kind = input_.choice(6);
        const auto lifetime = input_.flag() ? std::optional(std::chrono::seconds(input_.byte() * 20)) : std::nullopt;
        if (kind == 0 && !request.known.body.empty()) {
            model_.load_succeeds(std::stoull(request.known.body), lifetime, request.deadline, now_);
            return LoadedKeys{std::nullopt, lifetime, request.known};
        }
        if (kind <= 2) {
            auto keys = *KeySet::parse(R"({"keys":[]})", {});
            model_.load_succeeds(keys.id(), lifetime, request.deadline, now_);
            Origin origin{.url = {}, .body = std::to_string(keys.id()), .version = {}};
            return LoadedKeys{std::move(keys), lifetime, std::move(origin)};
        }
        model_.load_fails(request.deadline, now_);
        if (kind == 3) throw std::runtime_error("as a function of the user's may");
        return FetchFault::unreachable;
    }

    WaitPolicy wait() {
        return std::array{WaitPolicy::no_fetch, WaitPolicy::never, WaitPolicy::until_deadline}[input_.choice(3)];
    }

    void obtain() {
        const auto wait = this->wait();
        const auto answer = source_->obtain(wait);
        const auto* const obtained = std::get_if<Result<Obtained>>(&answer);
        fuzz::expect(obtained != nullptr || wait == WaitPolicy::never, "only a caller that does not wait gets Pending");
        if (obtained == nullptr) return;
        if (*obtained) return model_.serves((*obtained)->keys, now_);
        fuzz::expect(is_for_lack_of_keys(obtained->error()), "no keys means 503");
        model_.refuses(now_);
    }

    /// What a token of an unknown key does: it takes the keys at hand, and asks for newer ones.
    void renew() {
        const auto at_hand = source_->obtain(WaitPolicy::never);
        const auto* const obtained = std::get_if<Result<Obtained>>(&at_hand);
        if (obtained == nullptr || !*obtained) return;
        const Snapshot seen = (*obtained)->keys;
        const auto which = input_.choice(5);
        const auto key_id = which == 0 ? std::nullopt : std::optional(std::to_string(which));
        const auto wait = this->wait();
        const auto loads = model_.loads();
        const auto answer = source_->renew(seen, key_id, wait);
        const auto* const renewed = std::get_if<Result<Snapshot>>(&answer);
        fuzz::expect(renewed != nullptr || wait == WaitPolicy::never, "only a caller that does not wait gets Pending");
        if (renewed == nullptr) return;
        if (!*renewed) return fuzz::expect(is_for_lack_of_keys(renewed->error()), "no answer means 503");
        if (**renewed != seen) return model_.serves(**renewed, now_);
        model_.denies(key_id, wait == WaitPolicy::no_fetch || model_.loads() != loads, now_);
    }

    void refresh() {
        model_.commanded();
        static_cast<void>(source_->refresh());
    }

    void close() {
        source_->close();
        model_.closed();
    }

    void look() {
        const SourceReport report = source_->report();
        fuzz::expect(report.state != SourceState::fixed && (!report.age || *report.age >= 0s), "a report is sensible");
        fuzz::expect(source_->retry_after() <= std::max<Clock::duration>(60s, options_.cooldown),
                     "retrying comes soon");
        fuzz::expect(source_->take_events().size() <= SourceEvents::kMaxQueued && !source_->has_events(), "few events");
    }

    fuzz::ByteReader& input_;
    bool wakes_;
    KeyOptions options_;
    Tick now_{1000h};
    int depth_ = 0;
    fuzz::KeySourceModel model_;
    std::shared_ptr<KeySource> source_;
};

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::fuzz::ByteReader input(data, size);
    authjwks::World(input).run();
    return 0;
}
