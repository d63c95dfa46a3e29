// Races the first fetches of a process against its forks, in one new process after another: the locks that these take
// are taken for the first time once a process, so no test inside a longer life meets them. Ends with 0 when every
// process came to its end and every token was accepted; meant for ThreadSanitizer, and good without it too.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/authenticator.hpp"
#include "keys/scheduler.hpp"
#include "support/in_child.hpp"
#include "support/key_pair.hpp"
#include "support/subject_host.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

constexpr int kProcesses = 40;
constexpr std::size_t kThreads = 4, kSources = 12, kForks = 6;
/// For a process whose locks wait for each other, in seconds.
constexpr unsigned int kHangs = 10;

struct Issuer {
    const support::KeyPair& key = support::KeyPair::of("Ed25519");
    const std::string keys = support::key_set_json({key.jwk("k")});
    const std::string token =
        key.token(support::algorithm("EdDSA"), R"({"alg":"EdDSA","kid":"k"})", R"({"sub":"user"})");
};

/// One that has never asked for keys, and asks by the threads of the scheduler.
std::unique_ptr<Authenticator> cold_authenticator(const Issuer& issuer) {
    KeySourceDependencies dependencies{.label = "https://issuer.example/",
                                       .load = [&issuer](const LoadRequest&) -> Result<LoadedKeys, FetchFailure> {
                                           return LoadedKeys{*KeySet::parse(issuer.keys, {}), std::nullopt, {}};
                                       },
                                       .now = &Clock::now,
                                       .jitter = [] { return 0.5; },
                                       .wake = [](const std::shared_ptr<KeySource>& source,
                                                  Tick at) { return Scheduler::of_this_process().wake(source, at); }};
    return std::make_unique<Authenticator>(
        std::make_shared<KeySource>(KeyOptions{.timeout = std::chrono::seconds(kHangs)}, std::move(dependencies)),
        Policy({.algorithms = {"EdDSA"}}), std::make_unique<TokenCache>(TokenCache::Limits{std::size_t{1} << 20, 100}));
}

bool accepts(const Authenticator& authenticator, const Issuer& issuer) {
    support::SubjectHost host;
    const Verdict verdict = authenticator.verify(issuer.token, Instant{Seconds{0}}, WaitPolicy::until_deadline, host);
    return verdict.kind == Verdict::Kind::accepted;
}

/// The life of one process: its threads fetch for the first time, and meanwhile it forks.
bool starts_cold(const Issuer& issuer) {
    alarm(kHangs);
    std::vector<std::unique_ptr<Authenticator>> cold;
    for (std::size_t i = 0; i < kSources; ++i) cold.push_back(cold_authenticator(issuer));
    std::latch ready(kThreads + 1);
    std::array<bool, kThreads> accepted{};
    std::array<bool, kForks> accepted_in_child{};
    {
        std::vector<std::jthread> running;
        for (std::size_t i = 0; i < kThreads; ++i)
            running.emplace_back([&, i] {
                ready.arrive_and_wait();
                accepted[i] = true;
                for (std::size_t each = 0; each < kSources; ++each)
                    accepted[i] = accepts(*cold[(i * kSources / kThreads + each) % kSources], issuer) && accepted[i];
            });
        ready.arrive_and_wait();
        for (std::size_t i = 0; i < kForks; ++i)
            accepted_in_child[i] = support::holds_in_child([&] {
                alarm(kHangs);
                // What a sanitizer is to judge has been done by then: the parent has taken the locks.
                return !support::kChildrenBesideThreadsCanWork ||
                       (accepts(*cold[i % kSources], issuer) && accepts(*cold_authenticator(issuer), issuer));
            });
    }
    Scheduler::of_this_process().stop();
    const auto is_true = [](bool held) { return held; };
    return std::ranges::all_of(accepted, is_true) && std::ranges::all_of(accepted_in_child, is_true);
}

int run() {
    const Issuer issuer;
    for (int i = 1; i <= kProcesses; ++i)
        if (!support::holds_in_child([&issuer] { return starts_cold(issuer); })) {
            std::cout << "process " << i << " hung, was reported, or refused a good token\n";
            return EXIT_FAILURE;
        }
    std::cout << kProcesses << " processes started cold\n";
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace authjwks

int main() { return authjwks::run(); }
