//! What a delivery costs: at most two write units and, with its queue's receive and delete shared by ten, three requests of queues.

use testkit::receiver::Behaviour;

use super::hall::Hall;

#[tokio::test]
async fn a_delivery_costs_two_write_units_and_no_request_of_a_queue() {
    let mut hall = Hall::new().await;
    // The first of an instance opens the secret.
    hall.event();
    hall.settle().await;
    hall.faults.reset();
    for _ in 0..10 {
        hall.event();
    }
    assert_eq!(hall.step().await, 10);
    assert_eq!(hall.endpoint.arrived().len(), 11);
    assert_eq!(hall.faults.write_units(), 20.0, "a claim and a result each");
    assert_eq!(hall.faults.count("TrentService.Decrypt"), 0);
    let queues = hall.faults.seen().iter().filter(|seen| seen.target.starts_with("AmazonSQS.")).count();
    assert_eq!(queues, 0, "the event source's receive and delete, shared by ten, are all there is");
    // All together the subscription, the store and the grant; twice where the batch takes longer than a second.
    assert!(hall.faults.count("GetItem") <= 6, "{}", hall.faults.count("GetItem"));
}

#[tokio::test]
async fn waiting_costs_one_request_a_batch_and_attempt() {
    let mut hall = Hall::new().await;
    hall.event();
    hall.settle().await;
    hall.faults.reset();
    hall.endpoint.next((0..3).map(|_| Behaviour::Status(500)));
    for _ in 0..3 {
        hall.event();
    }
    hall.step().await;
    assert_eq!(hall.faults.count("ChangeMessageVisibilityBatch"), 1, "for all three");
    // A claim, a result, and the endpoint's health.
    assert!(hall.faults.write_units() <= 9.0 + 6.0, "{}", hall.faults.write_units());
}
