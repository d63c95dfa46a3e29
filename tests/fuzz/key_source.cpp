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
/// The set of that number, whose key has it as its id.
std::string set_of(std::size_t number) {
    return R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"IcmkRdXi-D1Gl2v5qKxmccDCNPP3T1uv2p5QiOn_EWE","kid":")" +
           std::to_string(number) + "\"}]}";
}
std::size_t number_of(const std::string& set) {
    std::size_t number = 0;
    while (set != set_of(number)) ++number;
    return number;
}

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
            case 9: return act_rarely(input_.byte());
        }
    }

    void act_rarely(std::uint8_t which) {
        if (which < 4) return close();
        return which < 96 ? recheck() : obtain();
    }

    void pass() { now_ += kStretches[input_.choice(kStretches.size())] * (1 + input_.byte() % 16); }

    bool wake(Tick at) {
        const bool can = input_.byte() % 16 != 0;
        // Wanted at this very moment, it is for a fetch that was started just now, which fails with it.
        if (!can && at == now_) model_.wake_fails();
        return can;
    }

    Result<LoadedKeys, FetchFailure> load(const LoadRequest& request) {
        const auto number = model_.load_begins(request.no_cache, now_);
        if (input_.byte() % 4 == 0) pass();
        if (depth_ < kDeepest && input_.byte() % 4 == 0) {
            ++depth_;
            for (auto left = input_.choice(4); left > 0; --left) act();
            --depth_;
        }
        const auto kind = input_.choice(6);
        const auto seconds = input_.flag() ? std::optional(std::chrono::seconds(input_.byte() * 20)) : std::nullopt;
        if (kind <= 2) {
            const bool is_same = kind == 0 && !request.known.body.empty();
            return answer(request, number, is_same ? request.known.body : set_of(input_.choice(model_.kSets)), seconds);
        }
        model_.load_fails(kind == 3 ? std::nullopt : seconds, request.deadline, now_);
        if (kind == 3) throw std::runtime_error("as a function of the user's may");
        FetchFailure failure{FetchFault::unreachable};
        failure.retry_after = seconds;
        return failure;
    }

    /// Like KeyLocation::load(), it brings no keys where those at hand are of the same text.
    LoadedKeys answer(const LoadRequest& request, std::size_t number, std::string body,
                      std::optional<std::chrono::seconds> lifetime) {
        model_.load_succeeds(number, number_of(body), lifetime, request.deadline, now_);
        LoadedKeys loaded{std::nullopt, lifetime};
        if (body != request.known.body) loaded.keys = *KeySet::parse(body, {});
        loaded.origin.body = std::move(body);
        return loaded;
    }

    WaitPolicy wait() {
        return std::array{WaitPolicy::no_fetch, WaitPolicy::never, WaitPolicy::until_deadline}[input_.choice(3)];
    }

    void obtain() {
        const auto wait = this->wait();
        const auto before = model_.past_caches();
        const auto answer = source_->obtain(wait);
        const auto* const obtained = std::get_if<Result<Obtained>>(&answer);
        fuzz::expect(obtained != nullptr || wait == WaitPolicy::never, "only a caller that does not wait gets Pending");
        if (obtained == nullptr) return;
        if (*obtained) {
            if ((*obtained)->is_conclusive)
                fuzz::expect(model_.was_asked_after(before), "only a request that came after the caller is conclusive");
            return model_.serves((*obtained)->keys, now_);
        }
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
        const auto key_id = which == 0 ? std::nullopt : std::optional("unknown " + std::to_string(which));
        const auto wait = this->wait();
        if (wait != WaitPolicy::no_fetch) model_.noted(key_id);
        const auto before = model_.past_caches();
        const auto answer = source_->renew(seen, key_id, wait);
        if (const auto* const renewed = std::get_if<Result<Snapshot>>(&answer)) {
            if (!*renewed || **renewed != seen) return check_renewed(*renewed);
            return wait == WaitPolicy::no_fetch ? model_.denies_after_wait(key_id, now_)
                                                : model_.denies(key_id, before, now_);
        }
        fuzz::expect(wait == WaitPolicy::never, "only a caller that does not wait gets Pending");
        if (!input_.flag()) return;
        source_->wait();
        renew_after_wait(seen, key_id, before, std::get<Pending>(answer).is_conclusive);
    }

    void renew_after_wait(const Snapshot& seen, const std::optional<std::string>& key_id, std::size_t before,
                          bool is_conclusive) {
        const auto answer = source_->renew(seen, key_id, is_conclusive ? WaitPolicy::no_fetch : WaitPolicy::never);
        const auto* const renewed = std::get_if<Result<Snapshot>>(&answer);
        fuzz::expect(renewed != nullptr || !is_conclusive, "a wait that decides is the only one");
        if (renewed == nullptr) return;
        if (!*renewed || **renewed != seen) return check_renewed(*renewed);
        model_.denies(key_id, before, now_);
    }

    void check_renewed(const Result<Snapshot>& renewed) const {
        if (renewed) return model_.serves(*renewed, now_);
        fuzz::expect(is_for_lack_of_keys(renewed.error()), "no answer means 503");
    }

    /// What a token with a bad signature does.
    void recheck() {
        const Snapshot seen = source_->ready();
        if (!seen) return;
        const auto loads = model_.loads();
        source_->recheck(seen);
        fuzz::expect(model_.loads() == loads, "a bad signature does not wait");
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
