// Forks one process again and again while its threads make keys, check signatures for the first time and once more,
// refuse some, draw random numbers and end: each child must be able to do all of that as well. What it would hang on is
// a lock of the cryptographic library that another thread held during the fork. Ends with 0 when every child did.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/serial.hpp"
#include "crypto/random.hpp"
#include "jose/jwk.hpp"
#include "support/in_child.hpp"
#include "support/key_pair.hpp"

namespace authjwks {
namespace {

constexpr int kForks = 400, kThreads = 3;
/// For a child that waits for a lock, and for this process, in seconds.
constexpr unsigned int kHangs = 20, kEnds = 280;
constexpr std::string_view kMessage = "eyJhbGciOiJ4In0.eyJzdWIiOiJhIn0", kOther = "another message";

/// What an issuer publishes, and a signature to check by it.
struct Issued {
    explicit Issued(std::string_view name)
        : row(support::algorithm(name)),
          jwk(support::to_json(support::KeyPair::serving(row).jwk())),
          signature(support::KeyPair::serving(row).sign(row, kMessage)) {}

    /// The key, read anew.
    Jwk key() const {
        json::Document document(16);
        return *parse_jwk(*document.parse(jwk));
    }

    const Algorithm& row;
    std::string jwk, signature;
};

bool judges_rightly(const Jwk& jwk, const Issued& issued) {
    return std::ranges::all_of(jwk.keys, [&](const PublicKey& key) {
        const bool accepted = key.verifies(kMessage, issued.signature);
        return accepted == (&key.algorithm() == &issued.row || issued.row.family == Family::eddsa) &&
               !key.verifies(kOther, issued.signature);
    });
}

class Workload {
  public:
    /// All that this library asks of the cryptographic one, with keys that are new and with those that all share.
    bool succeeds() const {
        std::array<std::byte, 32> drawn{};
        crypto::fill_with_random(drawn);
        return std::ranges::all_of(issued_, [this](const Issued& each) {
            const Jwk fresh = each.key();
            const Jwk& shared = shared_[static_cast<std::size_t>(&each - issued_.data())];
            return judges_rightly(fresh, each) && judges_rightly(fresh, each) && judges_rightly(shared, each);
        });
    }
    bool succeeds_in_a_new_thread() const {
        bool succeeded = false;
        std::thread([&] { succeeded = succeeds(); }).join();
        return succeeded;
    }

  private:
    std::vector<Issued> issued_{Issued("RS256"), Issued("PS512"), Issued("ES256"), Issued("ES384"), Issued("EdDSA")};
    std::vector<Jwk> shared_ = [this] {
        std::vector<Jwk> keys;
        for (const Issued& each : issued_) keys.push_back(each.key());
        return keys;
    }();
};

int run() {
    alarm(kEnds);
    const Workload workload;
    std::atomic<bool> is_over{false}, all_held{true};
    std::vector<std::jthread> running;
    for (int i = 0; i < kThreads; ++i)
        running.emplace_back([&] {
            while (!is_over)
                if (!workload.succeeds_in_a_new_thread() || !workload.succeeds()) all_held = false;
        });
    int forks = 0;
    while (forks < kForks && all_held) {
        ++forks;
        all_held = all_held && support::holds_in_child([&] {
                       alarm(kHangs);
                       return !support::kChildrenBesideThreadsCanWork ||
                              (workload.succeeds() && workload.succeeds_in_a_new_thread());
                   });
    }
    is_over = true;
    std::cout << forks << " forks, " << (all_held ? "all children worked\n" : "the last child hung or judged wrong\n");
    return all_held ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace authjwks

int main() { return authjwks::run(); }
