//! Products, variations, stock and categories as they are written.

use domain::model::MetaField;
use domain::model::ProductStatus;
use domain::model::input::{
    CategoryInput, Change, DimensionsInput, ImageInput, ProductInput, ProductOptionInput, StockInput, VariantInput,
    WeightInput,
};
use domain::money::{Amount, Money};
use serde::Serialize;

use super::{cannot_be_emptied, meta, number};
use crate::connector::Refusal;

/// What products and variations share.
#[derive(Default, Serialize)]
pub(in crate::woocommerce) struct Sold {
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_unique_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::woocommerce) regular_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::woocommerce) sale_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_stock: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backorders: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<String>,
}

/// A product.
#[derive(Default, Serialize)]
pub(in crate::woocommerce) struct Product {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(in crate::woocommerce) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<Dimensions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<Image>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Vec<Attribute>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<Vec<MetaField>>,
    #[serde(flatten)]
    pub(in crate::woocommerce) sold: Sold,
}

/// A variation.
#[derive(Serialize)]
pub(in crate::woocommerce) struct Variation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::woocommerce) id: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Choice>,
    #[serde(flatten)]
    pub(in crate::woocommerce) sold: Sold,
}

#[derive(Serialize)]
struct Id {
    id: u64,
}

#[derive(Serialize)]
struct Image {
    src: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alt: Option<String>,
}

#[derive(Serialize)]
struct Attribute {
    name: String,
    options: Vec<String>,
    visible: bool,
    variation: bool,
}

#[derive(Serialize)]
struct Choice {
    name: String,
    option: String,
}

#[derive(Serialize)]
struct Dimensions {
    length: String,
    width: String,
    height: String,
}

impl Product {
    /// The product without its prices: they need what the product has now.
    pub(in crate::woocommerce) fn new(input: ProductInput) -> Result<Self, Refusal> {
        let ProductInput { name, sku, description_html, status, categories, images, options, .. } = input;
        if matches!(name, Change::Clear) {
            return Err(cannot_be_emptied("/name"));
        }
        let seo = input.seo.set().cloned().unwrap_or_default();
        let attributes = options.or_empty(Vec::new()).map(|options| {
            let attribute = |option: ProductOptionInput| Attribute {
                name: option.name,
                options: option.values,
                visible: true,
                variation: true,
            };
            options.into_iter().map(attribute).collect()
        });
        Ok(Self {
            kind: None,
            name: name.or_empty(String::new()),
            description: description_html.or_empty(String::new()),
            status: match status {
                Change::Keep => None,
                Change::Clear => return Err(cannot_be_emptied("/status")),
                Change::Set(ProductStatus::Active) => Some("publish"),
                Change::Set(ProductStatus::Draft) => Some("draft"),
                Change::Set(ProductStatus::Archived) => Some("private"),
            },
            slug: seo.slug.or_empty(String::new()),
            tax_class: input.tax_class.or_empty(String::new()),
            dimensions: input.dimensions.or_empty(DimensionsInput::default()).map(|size| Dimensions {
                length: amount(size.length),
                width: amount(size.width),
                height: amount(size.height),
            }),
            categories: match categories.or_empty(Vec::new()) {
                None => None,
                Some(ids) => {
                    let id =
                        |(index, id): (usize, String)| Ok(Id { id: number(&id, || format!("/categories/{index}"))? });
                    Some(ids.into_iter().enumerate().map(id).collect::<Result<_, Refusal>>()?)
                }
            },
            images: images
                .or_empty(Vec::new())
                .map(|images| images.into_iter().map(|ImageInput { url, alt }| Image { src: url, alt }).collect()),
            attributes,
            meta_data: meta(input.meta),
            sold: Sold { sku: sku.or_empty(String::new()), weight: weight(input.weight), ..Sold::default() },
        })
    }

    /// Takes in what was given for the one variant of a product without options: both are one object here.
    pub(in crate::woocommerce) fn absorb(&mut self, variant: VariantInput) {
        let sold = Sold::new(variant.sku, variant.barcode, variant.weight, variant.inventory);
        let own = &mut self.sold;
        own.sku = own.sku.take().or(sold.sku);
        own.weight = own.weight.take().or(sold.weight);
        own.global_unique_id = sold.global_unique_id;
        (own.manage_stock, own.stock_quantity, own.backorders) =
            (sold.manage_stock, sold.stock_quantity, sold.backorders);
    }
}

impl Variation {
    /// The variation without its prices.
    pub(in crate::woocommerce) fn new(input: VariantInput, pointer: &str) -> Result<Self, Refusal> {
        Ok(Self {
            id: input.id.map(|id| number(&id, || format!("{pointer}/id"))).transpose()?,
            attributes: input.options.into_iter().map(|(name, option)| Choice { name, option }).collect(),
            sold: Sold::new(input.sku, input.barcode, input.weight, input.inventory),
        })
    }
}

impl Sold {
    fn new(
        sku: Change<String>,
        barcode: Change<String>,
        weight: Change<WeightInput>,
        stock: Change<StockInput>,
    ) -> Self {
        let stock = match stock {
            Change::Keep => StockInput::default(),
            Change::Clear => StockInput { tracked: Some(false), ..StockInput::default() },
            Change::Set(stock) => stock,
        };
        Self {
            sku: sku.or_empty(String::new()),
            global_unique_id: barcode.or_empty(String::new()),
            // A number of pieces is kept only by a product that counts them.
            manage_stock: stock.tracked.or(stock.quantity.map(|_| true)),
            stock_quantity: stock.quantity,
            backorders: stock.backorder.map(|allowed| if allowed { "yes" } else { "no" }),
            weight: self::weight(weight),
            ..Self::default()
        }
    }
}

/// The stock of a product or variation; nothing is counted where the number is taken away.
#[derive(Serialize)]
pub(in crate::woocommerce) struct Stock {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::woocommerce) id: Option<u64>,
    manage_stock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_quantity: Option<i64>,
}

impl Stock {
    pub(in crate::woocommerce) fn new(available: &Change<i64>, id: Option<u64>) -> Self {
        let stock_quantity = available.set().copied();
        Self { id, manage_stock: stock_quantity.is_some(), stock_quantity }
    }
}

/// A category.
#[derive(Serialize)]
pub(in crate::woocommerce) struct Category {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    menu_order: Option<i64>,
}

impl Category {
    pub(in crate::woocommerce) fn new(input: CategoryInput) -> Result<Self, Refusal> {
        if matches!(input.name, Change::Clear) {
            return Err(cannot_be_emptied("/name"));
        }
        Ok(Self {
            name: input.name.or_empty(String::new()),
            parent: match input.parent_id {
                Change::Keep => None,
                Change::Clear => Some(0),
                Change::Set(id) => Some(number(&id, || "/parent_id".to_owned())?),
            },
            slug: input.slug.or_empty(String::new()),
            menu_order: input.position.or_empty(0),
        })
    }
}

/// Both prices as WooCommerce keeps them: `regular_price` and, while there is a reduction, `sale_price`.
#[derive(Clone, Default)]
pub(in crate::woocommerce) struct Prices {
    /// The regular one; empty for none.
    pub(in crate::woocommerce) regular: String,
    /// The reduced one; empty for none.
    pub(in crate::woocommerce) sale: String,
}

impl Prices {
    /// These prices with a caller's wishes: `price` is what a buyer pays, `compare_at` what it was before a reduction.
    pub(in crate::woocommerce) fn with(self, price: Change<Money>, compare_at: Change<Money>) -> Self {
        let is_reduced = !self.sale.is_empty();
        let paid = if is_reduced { self.sale } else { self.regular.clone() };
        let before = if is_reduced { self.regular } else { String::new() };
        let text = |change: Change<Money>, now: String| match change {
            Change::Keep => now,
            Change::Clear => String::new(),
            Change::Set(money) => money.amount.to_string(),
        };
        let (paid, before) = (text(price, paid), text(compare_at, before));
        if before.is_empty() || paid.is_empty() {
            Self { regular: paid, sale: String::new() }
        } else {
            Self { regular: before, sale: paid }
        }
    }
}

fn amount(value: Option<Amount>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn weight(change: Change<WeightInput>) -> Option<String> {
    change.map(|weight| weight.value.to_string()).or_empty(String::new())
}
