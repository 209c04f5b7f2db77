//! Whose data unified objects are.

use domain::restriction::Whose;

use crate::connector::Objects;

impl Objects {
    /// Whose data each object is, in their order; nobody's where it names no customer.
    #[must_use]
    pub fn whose(&self) -> Vec<Whose> {
        match self {
            Self::Orders(orders) => {
                let customers = orders.iter().map(|order| &order.customer);
                customers.map(|customer| Whose::of(customer.id.as_ref(), customer.email.as_ref())).collect()
            }
            Self::Customers(customers) => {
                let whose = |customer: &domain::model::Customer| Whose {
                    ids: vec![customer.id.clone(), customer.remote_id.clone()],
                    emails: customer.email.iter().cloned().collect(),
                };
                customers.iter().map(whose).collect()
            }
            Self::Baskets(baskets) => {
                let customers = baskets.iter().map(|basket| basket.customer.as_ref());
                let whose =
                    |customer: &domain::model::OrderCustomer| Whose::of(customer.id.as_ref(), customer.email.as_ref());
                customers.map(|customer| customer.map(whose).unwrap_or_default()).collect()
            }
            Self::Products(_) | Self::Categories(_) | Self::Inventory(_) => vec![Whose::default(); self.len()],
        }
    }

    /// Takes out the objects for which `keep`, in their order, says false.
    pub fn retain(&mut self, keep: &[bool]) {
        fn retain<T>(objects: &mut Vec<T>, keep: &[bool]) {
            let mut keep = keep.iter();
            objects.retain(|_| keep.next().copied().unwrap_or(true));
        }
        match self {
            Self::Products(objects) => retain(objects, keep),
            Self::Orders(objects) => retain(objects, keep),
            Self::Customers(objects) => retain(objects, keep),
            Self::Categories(objects) => retain(objects, keep),
            Self::Inventory(objects) => retain(objects, keep),
            Self::Baskets(objects) => retain(objects, keep),
        }
    }
}
